/** Light, dark, or as the system has it. The tokens follow `data-theme` on the root; see css/tokens.css. */
import { recall, remember } from "./prefs.js";
import { get, set } from "./store.js";

export const THEMES = ["system", "light", "dark"];

const systemDark = matchMedia("(prefers-color-scheme: dark)");

export function startTheme() {
  set({ theme: recall("theme", "system") });
  systemDark.addEventListener("change", paintFrame);
  paintFrame();
}

export function chooseTheme(theme) {
  remember("theme", theme);
  set({ theme });
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  paintFrame();
}

/** The browser's own frame (address bar on phones) takes the colour of the page. */
function paintFrame() {
  const { theme } = get();
  const dark = theme === "dark" || (theme === "system" && systemDark.matches);
  document.querySelector("meta[name=theme-color]").content = dark ? "#161d20" : "#ffffff";
}
