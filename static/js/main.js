/** Starts the page: remembered theme, language and place first, then who I am. */
import { html, render } from "../vendor/preact-htm.js";
import { startLanguage } from "./i18n.js";
import { startRoute } from "./route.js";
import { startSession } from "./session.js";
import { fetchSheet } from "./sheets.js";
import { loadSprite } from "./sprite.js";
import { startTheme } from "./theme.js";
import { App } from "./views/app.js";

// The modules may be here sooner than the end of the page.
if (document.readyState === "loading") await new Promise((parsed) => document.addEventListener("DOMContentLoaded", parsed));
loadSprite();
fetchSheet("panels").catch(() => {}); // nothing floats yet, and the first paint needs none of it
startTheme();
startRoute();
await Promise.all([startLanguage(), startSession()]);
document.documentElement.removeAttribute("data-remembered");
const page = document.getElementById("page");
closeGaps(page);
render(html`<${App} />`, page);
window.taken();

/** The blanks between elements, which preact would move these over: whatever is moved loses the focus. */
function closeGaps(element) {
  for (const node of [...element.childNodes]) {
    if (node.nodeType === Node.TEXT_NODE && !node.data.trim()) node.remove();
    else closeGaps(node);
  }
}
