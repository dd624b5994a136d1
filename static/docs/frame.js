/** What stands around the calls: the bar above and the contents at the side. */
import { html, useEffect, useState } from "../vendor/preact-htm.js";
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
      <button type="button" onClick=${onTheme} title=${t("theme")} aria-label=${t("theme")}>
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <circle cx="8" cy="8" r="6.25" fill="none" stroke="currentColor" stroke-width="1.5" /><path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor" />
        </svg></button>
      <button type="button" onClick=${onLanguage}>${t("language")}</button>
    </nav>
  </header>`;
}

/** Where it stands beside the calls it is open, else it opens and closes. As in docs.css. */
const BESIDE = matchMedia("(min-width: 821px)");

export function Contents({ rooms, here }) {
  const [open, setOpen] = useState(BESIDE.matches);
  useEffect(() => {
    const follow = () => setOpen(BESIDE.matches);
    BESIDE.addEventListener("change", follow);
    return () => BESIDE.removeEventListener("change", follow);
  }, []);
  return html`<details class="contents" open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary>${t("contents")}</summary>
    <nav aria-label=${t("contents")} onClick=${(event) => event.target.closest("a") && setOpen(BESIDE.matches)}>
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
    </nav>
  </details>`;
}
