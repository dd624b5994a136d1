/** A board at a time: `?board=thread`, in the theme and language of the browser. */
import { html, render } from "/static/vendor/preact-htm.js";
import { startLanguage } from "/static/js/i18n.js";
import { loadSprite } from "/static/js/sprite.js";
import { set } from "/static/js/store.js";
import { startTheme } from "/static/js/theme.js";
import { fetchSheet } from "/static/js/sheets.js";
import { fetchAll } from "/static/js/views/later.js";
import { boards } from "./boards.js";
import { state } from "./state.js";

const name = new URLSearchParams(location.search).get("board");
const { view, ...patch } = boards[name];

loadSprite();
startTheme();
await startLanguage();
set({ ...state(), ...patch });
fetchAll();
await Promise.all(["panels", "details", "settings", "face", "emoji", "viewer"].map(fetchSheet));
render(html`<main class=${`board ${patch.parts ? "of-parts" : ""}`}>${view()}</main>`, document.getElementById("page"));
