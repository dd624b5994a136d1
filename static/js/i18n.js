/** Chinese and English. A text is looked up by key in lang/*.js; both tables have the same keys, and only one is fetched. */
import { remember } from "./prefs.js";
import { get, set, useStore } from "./store.js";

/** Each fetches a table by language; a later one stands before the earlier. */
const sources = [{ en: () => import("./lang/en.js"), zh: () => import("./lang/zh.js") }];

/** language -> its texts, once they are there */
const tables = {};

/** Another page's own texts beside these: `{en, zh}`, each fetches a module. */
export function addTexts(source) {
  sources.push(source);
}

async function fetchTexts(lang) {
  const found = await Promise.all(sources.map((source) => source[lang]()));
  tables[lang] ??= Object.assign({}, ...found.map((module) => module.default));
}

export const LANGUAGES = [
  { lang: "zh", name: "中文" },
  { lang: "en", name: "English" },
];

let started = null;

/** To be awaited before anything is drawn or said: there is no text without it. */
export function startLanguage() {
  started ??= start();
  return started;
}

async function start() {
  const lang = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  await fetchTexts(lang);
  set({ lang });
  document.title = t("app");
}

/** Where its texts cannot be fetched the language stays. */
export async function chooseLanguage(lang) {
  try {
    await fetchTexts(lang);
  } catch {
    return set({ toast: { text: t("error.unreachable"), at: Date.now() } });
  }
  remember("lang", lang);
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  set({ lang });
}

/** The tag for Intl: of the reader's own kind of English or Chinese, where the browser names one. */
export function locale(lang = get().lang) {
  return navigator.languages.find((tag) => tag.startsWith(lang)) ?? (lang === "zh" ? "zh-CN" : "en-GB");
}

/**
 * The text of a key. `{name}` in it is replaced from `values`; an entry of {one, other} is chosen by `n`.
 * Undefined for a key that no table has, so that a caller can fall back.
 */
export function t(key, values = {}) {
  const { lang } = get();
  let text = tables[lang][key];
  if (text && typeof text === "object") text = text[new Intl.PluralRules(locale(lang)).select(values.n)] ?? text.other;
  return text?.replace(/( ?)\{(\w+)\}( ?)/g, (whole, before, name, after) => {
    const value = String(values[name] ?? `{${name}}`);
    return lang === "zh" ? spaced(before, value, after) : before + value + after;
  });
}

/** Beside a name in Latin letters Chinese has a space; beside Chinese characters it has none. */
function spaced(before, value, after) {
  return (/^\p{sc=Han}/u.test(value) ? "" : before) + value + (/\p{sc=Han}$/u.test(value) ? "" : after);
}

/** For views: renders again when the language changes. */
export function useT() {
  useStore((state) => state.lang);
  return t;
}

/** A refusal in the reader's words; where a rule of a field was broken, that rule. */
export function explain({ error, field, rule, retryAfter }) {
  if (error === "invalid_field") {
    return t(`rule.${field}.${rule}`) ?? t(`rule.${rule}`) ?? t("error.invalid_field");
  }
  if (error === "rate_limited" && retryAfter) return t("error.rate_limited_for", { n: Math.ceil(retryAfter) });
  if (error === "disconnected") return t("error.unreachable");
  return t(`error.${error}`) ?? t("error.internal");
}
