/** Chinese and English of this page; the choice is the chat page's, and is remembered for both. */
import { remember } from "../js/prefs.js";
import en from "./lang/en.js";
import zh from "./lang/zh.js";

const TABLES = { en, zh };

export function language() {
  return document.documentElement.lang.startsWith("zh") ? "zh" : "en";
}

export function switchLanguage() {
  const next = language() === "zh" ? "en" : "zh";
  remember("lang", next);
  document.documentElement.lang = next === "zh" ? "zh-CN" : "en";
  document.title = t("title");
}

/** The text of a key; `{name}` in it is replaced from `values`. */
export function t(key, values = {}) {
  return TABLES[language()][key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
