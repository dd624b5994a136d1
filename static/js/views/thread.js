/** One conversation: its head, its messages, and the box to write in. */
import { html, useCallback, useEffect, useMemo, useState } from "../../vendor/preact-htm.js";
import { loadOlder, loadThread, loadUntil, read } from "../acts.js";
import { keepDraft } from "../drafts.js";
import { explain, useT } from "../i18n.js";
import { rows } from "../log.js";
import { get, useStore } from "../store.js";
import { dayTitle } from "../time.js";
import { eventText, summary } from "../words.js";
import { Bubble } from "./bubble.js";
import { Composer } from "./composer.js";
import { ThreadHead } from "./head.js";
import { Menu } from "./menu.js";
import { Icon, Spinner } from "./parts.js";
import { useScroll } from "./scroll.js";

const NOTHING = Object.freeze([]);
const FLASH_MS = 1_600;

export function Thread({ conv: id }) {
  const conv = useStore((state) => state.convs[id]);
  const listed = useStore((state) => state.listed);
  const t = useT();
  useEffect(() => {
    if (listed) loadThread(id);
  }, [listed]);
  return html`<section class="thread" aria-label=${t("thread.log")}>${conv && html`
    <${ThreadHead} conv=${conv} />
    <${Log} conv=${conv} />
    <${Composer} conv=${conv} />
  `}</section>`;
}

function Log({ conv }) {
  const t = useT();
  const id = conv.conv;
  const me = useStore((state) => state.me.uid);
  const thread = useStore((state) => state.threads[id]);
  const entries = useStore((state) => state.outbox[id]) ?? NOTHING;
  const [menu, setMenu] = useState(null);
  const [newFrom, setNewFrom] = useState(conv.unread ? conv.read_seq + 1 : 0);
  const items = thread?.items ?? NOTHING;
  const drawn = useMemo(() => rows({ items, entries, me, newFrom }), [items, entries, newFrom, me]);
  const place = useScroll({
    ready: Boolean(thread?.loaded),
    unsent: entries.length,
    older: () => loadOlder(id),
    seen: (seq, all) => read(id, all ? Math.max(seq, get().convs[id].last_seq) : seq),
  });

  // What comes while nobody looks begins below a new line.
  useEffect(() => {
    if (document.hidden && conv.unread && newFrom <= conv.read_seq) setNewFrom(conv.read_seq + 1);
  }, [conv.unread]);

  const jump = useCallback(async (seq) => {
    if (!(await loadUntil(id, seq))) return;
    requestAnimationFrame(() => place.show(seq, FLASH_MS));
  }, []);

  const missed = items.filter((message) => message.seq > place.reached && message.from !== me && message.kind !== "system").length;
  return html`<div class="log-place">
    <div class="scroller" ref=${place.box} onScroll=${place.onScroll} tabindex="-1">
      <div class="log" role="log" aria-live="polite" aria-relevant="additions" aria-label=${t("thread.log")}>
        <${Top} thread=${thread} empty=${!drawn.length} id=${id} />
        ${drawn.map((row) => html`<${Line} key=${row.key} row=${row} conv=${conv} onMenu=${setMenu} onJump=${jump} />`)}
      </div>
    </div>
    ${place.away && html`<button type="button" class=${`pill ${missed ? "news" : ""}`} onClick=${place.toBottom} aria-label=${missed ? undefined : t("thread.bottom")}>
      <${Icon} name="arrow-down" /> ${missed > 0 && t("thread.missed", { n: missed })}
    </button>`}
    ${menu && html`<${Menu} ...${menu} conv=${conv} close=${() => setMenu(null)} />`}
  </div>`;
}

/** The upper end keeps its height while older pages load. */
function Top({ thread, empty, id }) {
  const t = useT();
  if (thread?.failed) {
    return html`<div class="log-top"><p>${explain(thread.failed)}</p>
      <button type="button" class="link-button" onClick=${() => (thread.loaded ? loadOlder(id) : loadThread(id))}>${t("retry")}</button></div>`;
  }
  if (!thread?.loaded) return html`<div class="log-first"><${Spinner} /></div>`;
  if (empty) return html`<div class="log-first hello"><span aria-hidden="true">👋</span><p>${t("thread.empty")}</p></div>`;
  return html`<div class="log-top">${!thread.end && html`<${Spinner} />`}</div>`;
}

function Line({ row, conv, onMenu, onJump }) {
  const t = useT();
  if (row.type === "day") {
    return html`<div class="day"><time datetime=${new Date(row.time).toISOString()}>${dayTitle(row.time)}</time></div>`;
  }
  if (row.type === "new") return html`<div class="new-line" role="separator"><span>${t("thread.new")}</span></div>`;
  if (row.type === "recalled") return html`<${Recalled} message=${row.message} mine=${row.mine} />`;
  if (row.type === "event") return html`<${Event} message=${row.message} />`;
  return html`<${Bubble} ...${row} conv=${conv} onMenu=${onMenu} onJump=${onJump} />`;
}

/** What was recalled can be written anew by whom it came from, as long as this window remembers it. */
function Recalled({ message, mine }) {
  const t = useT();
  useStore((state) => state.users);
  const text = useStore((state) => state.recalled[`${message.conv} ${message.seq}`]);
  const again = () => {
    keepDraft(message.conv, { text });
    document.querySelector(".composer textarea")?.focus();
  };
  return html`<div class="event gone" data-seq=${message.seq}>
    <span dir="auto">${summary(message)}</span>
    ${mine && text && html`<button type="button" class="link-button" onClick=${again}>${t("recalled.again")}</button>`}
  </div>`;
}

function Event({ message }) {
  useStore((state) => state.users);
  useT();
  return html`<div class="event" data-seq=${message.seq}><span dir="auto">${eventText(message)}</span></div>`;
}
