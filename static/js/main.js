/** Starts the page: remembered theme, language and place first, then who I am. */
import { html, render } from "../vendor/preact-htm.js";
import { reconnect } from "./acts.js";
import { startAttention } from "./attention.js";
import { startLanguage } from "./i18n.js";
import { startRoute } from "./route.js";
import { startSession } from "./session.js";
import { set } from "./store.js";
import { loadSprite } from "./sprite.js";
import { startTheme } from "./theme.js";
import { startUploads } from "./uploads.js";
import { App } from "./views/app.js";

/** How long a loopback connection may take to show that it is one. */
const LOCAL_ANSWER_MS = 200;

loadSprite();
startTheme();
startLanguage();
startRoute();
startAttention();
startUploads();
window.addEventListener("online", () => {
  set({ network: true });
  reconnect();
});
window.addEventListener("offline", async () => {
  // A server on this very machine answers without any network; any other one does not.
  const pause = new Promise((resolve) => setTimeout(resolve, LOCAL_ANSWER_MS, false));
  const alive = await Promise.race([reconnect(), pause]);
  if (!navigator.onLine) set({ network: alive });
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") reconnect();
});
render(html`<${App} />`, document.getElementById("page"));
startSession();
