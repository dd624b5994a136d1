/** The rail: my notes and settings, one search box, and the conversations or what was found. */
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { openWith } from "../acts.js";
import { isShown, sorted } from "../convs.js";
import { useT } from "../i18n.js";
import { go } from "../route.js";
import { set, useStore } from "../store.js";
import { later } from "./later.js";
import { Avatar, Icon, IconButton, useName, useNow } from "./parts.js";
import { Row } from "./row.js";

/** "14:05" becomes "yesterday" without anything happening. */
const MINUTE_MS = 60_000;

const Found = later(async () => (await import("./found.js")).Found);

export function List() {
  const t = useT();
  const [query, setQuery] = useState("");
  const box = useRef();
  const close = () => setQuery("");
  const leave = useShortcut(box);
  const wanted = query.trim();
  return html`<section class="rail" aria-label=${t("list.title")} onKeyDown=${(event) => walk(event, box.current)}>
    <${Head} />
    <div class="search">
      <${Icon} name="search" />
      <input ref=${box} type="search" value=${query} placeholder=${t("search.placeholder")} aria-label=${t("search.label")}
        autocomplete="off" spellcheck=${false} maxlength="100" onInput=${(event) => setQuery(event.currentTarget.value)}
        onKeyDown=${(event) => event.key === "Escape" && (query ? close() : leave())} />
      ${query && html`<${IconButton} icon="x" label=${t("search.clear")} onClick=${() => (close(), box.current.focus())} />`}
    </div>
    <nav class="rows" tabindex="-1" aria-label=${t("list.title")}>
      ${wanted ? html`<${Found} query=${wanted} close=${close} />` : html`<${Conversations} search=${box} />`}
    </nav>
  </section>`;
}

/** Ctrl+K or Cmd+K leads to the search box from anywhere in the page; what is returned leads back to where one was. */
function useShortcut(box) {
  const before = useRef();
  useEffect(() => {
    const lead = () => {
      box.current?.focus();
      box.current?.select();
    };
    const press = (event) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
      event.preventDefault(); // browsers look for something on the net
      if (document.querySelector("dialog[open]")) return;
      if (document.activeElement !== box.current) before.current = document.activeElement;
      if (box.current.offsetParent) return lead(); // at once: what is typed next belongs into it
      go({ name: "home" }); // on a phone the list is another pane
      requestAnimationFrame(lead);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
  return () => before.current?.isConnected && before.current.focus();
}

function Head() {
  const t = useT();
  const me = useStore((state) => state.me);
  const name = useName(me.uid);
  return html`<header class="rail-head">
    <button type="button" class="me" title=${t("settings.title")} onClick=${() => go({ name: "settings" })}>
      <${Avatar} uid=${me.uid} name=${name} size="small" />
      <span class="me-name" dir="auto">${name}</span>
    </button>
    <${IconButton} icon="users" label=${t("group.new")} onClick=${() => set({ dialog: { name: "newgroup" } })} />
    <${IconButton} icon="bookmark" label=${t("notes")} onClick=${() => openWith(me)} />
    <${IconButton} icon="settings" label=${t("settings.title")} onClick=${() => go({ name: "settings" })} />
  </header>`;
}

function Conversations({ search }) {
  const t = useT();
  const convs = useStore((state) => state.convs);
  const drafts = useStore((state) => state.drafts);
  const outbox = useStore((state) => state.outbox);
  const open = useStore((state) => state.route.conv);
  const listed = useStore((state) => state.listed);
  const now = useNow(MINUTE_MS);
  if (!listed) return html`<${Skeleton} />`;
  const shown = sorted(Object.values(convs).filter((conv) => isShown(conv, { open, drafts, outbox })));
  if (shown.length) return shown.map((conv) => html`<${Row} key=${conv.conv} conv=${conv} now=${now} />`);
  return html`<div class="empty">
    <${Icon} name="search" />
    <p>${t("list.empty")}</p>
    <button type="button" class="button primary" onClick=${() => search.current.focus()}>${t("list.empty.do")}</button>
  </div>`;
}

/** Rows of the same height as real ones, so that nothing jumps when these come. */
function Skeleton() {
  return html`<div aria-hidden="true">${[0, 1, 2, 3, 4].map((row) => html`<div class="row skeleton" key=${row}><span class="avatar"></span><span class="row-text"><i></i><i></i></span></div>`)}</div>`;
}

/** Arrow keys walk from the search box through the rows; Enter in the box takes the first. */
function walk(event, box) {
  const rows = [...event.currentTarget.querySelectorAll("button.row")];
  const at = rows.indexOf(document.activeElement);
  if (event.isComposing || event.keyCode === 229 || !rows.length) return;
  if (event.key === "Enter" && document.activeElement === box) rows[0].click();
  else if (event.key === "ArrowDown") rows[Math.min(at + 1, rows.length - 1)].focus();
  else if (event.key === "ArrowUp" && at >= 0) (rows[at - 1] ?? box).focus();
  else return;
  event.preventDefault();
}
