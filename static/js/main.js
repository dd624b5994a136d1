/** Starts the page: remembered theme, language and place first, then who I am. */
import { html, render } from "../vendor/preact-htm.js";
import { startLanguage } from "./i18n.js";
import { startRoute } from "./route.js";
import { startSession } from "./session.js";
import { loadSprite } from "./sprite.js";
import { startTheme } from "./theme.js";
import { App } from "./views/app.js";

loadSprite();
startTheme();
startRoute();
await startLanguage();
render(html`<${App} />`, document.getElementById("page"));
startSession();
