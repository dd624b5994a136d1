/** The page at /admin: remembered theme and language first, then who I am and whether I may be here. */
import { addTexts, startLanguage } from "../js/i18n.js";
import { loadSprite } from "../js/sprite.js";
import { startTheme } from "../js/theme.js";
import { html, render } from "../vendor/preact-htm.js";
import en from "./lang/en.js";
import zh from "./lang/zh.js";
import { startRoute } from "./route.js";
import { startSession } from "./session.js";
import { App } from "./views/app.js";

addTexts({ en, zh });
loadSprite();
startTheme();
startLanguage();
startRoute();
render(html`<${App} />`, document.getElementById("page"));
startSession();
