/** Starts the page: remembered theme, language and place first, then who I am. */
import { html, render } from "../vendor/preact-htm.js";
import { reconnect } from "./acts.js";
import { startAttention } from "./attention.js";
import { startLanguage } from "./i18n.js";
import { startRoute } from "./route.js";
import { startSession } from "./session.js";
import { set } from "./store.js";
import { startTheme } from "./theme.js";
import { App } from "./views/app.js";

startTheme();
startLanguage();
startRoute();
startAttention();
for (const event of ["online", "offline"]) {
  window.addEventListener(event, () => {
    set({ network: navigator.onLine });
    reconnect();
  });
}
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") reconnect();
});
render(html`<${App} />`, document.getElementById("page"));
startSession();
