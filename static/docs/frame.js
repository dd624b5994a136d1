/** What stands around the calls: the bar above and the contents at the side. */
import { html } from "../vendor/preact-htm.js";
import { breakable, Method } from "./call.js";
import { t } from "./say.js";

export function Bar({ version, filter, onFilter, onLanguage, onTheme }) {
  return html`<header class="top">
    <a class="brand" href="#top">
      <img src="/static/img/icon.svg" alt="" width="24" height="24" />${t("title")} <small>${version}</small>
    </a>
    <input type="search" aria-label=${t("filter")} placeholder=${t("filter")} value=${filter}
      onInput=${(event) => onFilter(event.target.value)} />
    <nav>
      <a href="/api/openapi.json">${t("raw")}</a>
      <a href="/">${t("chat")}</a>
      <button type="button" onClick=${onTheme} title=${t("theme")} aria-label=${t("theme")}>◐</button>
      <button type="button" onClick=${onLanguage}>${t("language")}</button>
    </nav>
  </header>`;
}

export function Contents({ rooms, here }) {
  return html`<nav class="contents" aria-label=${t("contents")}>
    ${rooms.map(
      ({ name, calls }) => html`<h2>${name}</h2>
        <ul>
          ${calls.map(
            ({ id, method, path, summary }) => html`<li>
              <a href=${`#${id}`} title=${summary} aria-current=${id === here ? "true" : undefined}>
                <${Method} method=${method} /><span class="path">${breakable(path)}</span>
              </a>
            </li>`,
          )}
        </ul>`,
    )}
  </nav>`;
}
