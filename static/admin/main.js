/** The page at /admin: remembered theme and language first, then who I am and whether I may be here. */
import { addTexts, startLanguage } from "../js/i18n.js";
import { loadSprite } from "../js/sprite.js";
import { startTheme } from "../js/theme.js";
import { html, render } from "../vendor/preact-htm.js";
import { startRoute } from "./route.js";
import { startSession } from "./session.js";
import { App } from "./views/app.js";

addTexts({ en: () => import("./lang/en.js"), zh: () => import("./lang/zh.js") });
loadSprite();
startTheme();
startRoute();
await startLanguage();
render(html`<${App} />`, document.getElementById("page"));
startSession();
