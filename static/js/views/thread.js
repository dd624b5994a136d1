/** One conversation: its head, its messages, and the box to write in. */
import { html, useCallback, useEffect, useMemo, useRef, useState } from "../../vendor/preact-htm.js";
import { complain, read, startReply, turnAway } from "../acts.js";
import { peerOf } from "../convs.js";
import { loadGroup } from "../groups.js";
import { explain, useT } from "../i18n.js";
import { rows } from "../log.js";
import { leaveThread, loadAgain, loadFor, loadLatest, loadNewer, loadOlder, loadThread, shorten } from "../pages.js";
import { get, set, useConnected, useStore } from "../store.js";
import { dayTitle, midnight } from "../time.js";
import { Bubble } from "./bubble.js";
import { Composer } from "./composer.js";
import { Event, Recalled } from "./events.js";
import { ThreadHead } from "./head.js";
import { later as comesLater } from "./later.js";
import { Menu } from "./menu.js";
import { Reacting } from "./panelplace.js";
import { Icon, Spinner, focusBox } from "./parts.js";
import { useScroll } from "./scroll.js";

const Swipe = comesLater(async () => (await import("./swipe.js")).Swipe);

const NOTHING = Object.freeze([]);
const FLASH_MS = 1_600;
/** What could not be loaded is asked for again after this, by itself. */
const AGAIN_MS = 3_000;
/** So late at most it is seen that midnight has passed, also after a sleep, in which timers stand still. */
const LOOK_MS = 10_000;

export function Thread({ conv: id }) {
  const conv = useStore((state) => state.convs[id]);
  const listed = useStore((state) => state.listed);
  const t = useT();
  const member = conv?.type === "group" && Boolean(conv.group?.role);
  useEffect(() => {
    if (listed) loadThread(id);
  }, [listed]);
  useEffect(() => () => leaveThread(id), []);
  const link = useConnected();
  useEffect(() => {
    if (member && link) loadGroup(id); // again after each break: who has read what is not told later
  }, [member, link]);
  const failed = useStore((state) => Boolean(state.threads[id]?.failed) && !state.threads[id].failed.refusal.lasting);
  useEffect(() => {
    if (!failed || !link) return undefined;
    const timer = setTimeout(() => loadAgain(id), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [failed, link]);
  const foreign = useStore(({ convs, threads }) => conv?.type === "group" && !convs[id]?.group && Boolean(threads[id]?.failed?.refusal.lasting));
  useEffect(() => {
    if (foreign) turnAway(id);
  }, [foreign]);
  return html`<section class="thread">${conv && html`
    <${ThreadHead} conv=${conv} />
    <${Log} conv=${conv} />
    <${Composer} conv=${conv} />
  `}</section>`;
}

function Log({ conv }) {
  const t = useT();
  const id = conv.conv;
  const me = useStore((state) => state.me.uid);
  const lang = useStore((state) => state.lang);
  const thread = useStore((state) => state.threads[id]);
  const entries = useStore((state) => state.outbox[id]) ?? NOTHING;
  const target = useStore((state) => state.target);
  const [aim, setAim] = useState(target?.conv === id ? target.seq : 0);
  const [menu, setMenu] = useState(null);
  const [newFrom, setNewFrom] = useState(conv.unread ? conv.read_seq + 1 : 0);
  const { later = false, end = false } = thread ?? {};
  const items = thread?.loaded ? thread.items : NOTHING; // what has come before the first page hangs in the air
  const unsent = later ? NOTHING : entries;
  const drawn = useMemo(() => rows({ items, end, entries: unsent, me, newFrom }), [items, end, unsent, newFrom, me]);
  const readers = useReaders(id, me);
  const today = useToday();
  // In a task of its own: to draw what came and to take away what is far takes twice as long as one of them.
  const trim = () => setTimeout(() => shorten(id, place.here()));
  const place = useScroll({
    ready: Boolean(thread?.loaded),
    unsent: entries.length,
    aim,
    later,
    older: () => loadOlder(id).then(trim),
    newer: () => loadNewer(id).then(trim),
    seen: (seq, all) => read(id, all ? Math.max(seq, get().convs[id].last_seq) : seq),
  });

  // What comes while nobody looks begins below a new line.
  useEffect(() => {
    if (document.hidden && conv.unread && newFrom <= conv.read_seq) setNewFrom(conv.read_seq + 1);
  }, [conv.unread]);

  useEffect(() => shorten(id, place.here()), [items.at(-1)?.seq]);

  // What I send is shown at the end of the thread, wherever I am.
  const sent = useRef(entries.length);
  useEffect(() => {
    if (entries.length > sent.current && later) loadLatest(id);
    sent.current = entries.length;
  }, [entries.length]);

  const jump = useCallback(async (seq) => {
    try {
      if (!(await loadFor(id, seq))) return;
      await new Promise(requestAnimationFrame);
      place.show(seq, FLASH_MS);
    } catch (refusal) {
      complain(refusal);
    }
  }, []);

  const loaded = Boolean(thread?.loaded);
  useEffect(() => {
    if (!loaded || target?.conv !== id) return;
    set({ target: null });
    setAim(target.seq);
    jump(target.seq).then(() => setAim(0));
  }, [loaded, target]);

  const missed = later ? conv.unread : items.filter((message) => message.seq > place.reached && message.from !== me && message.kind !== "system").length;
  const toBottom = async () => {
    place.toBottom();
    const refusal = later && (await loadLatest(id));
    if (refusal) complain(refusal);
  };
  return html`<div class="log-place">
    <div class="scroller" ref=${place.box} onScroll=${place.onScroll} tabindex="0" role="region" aria-label=${t("thread.log")} onKeyDown=${walk}>
      <div class="log" role="log" aria-live="polite" aria-relevant="additions" aria-label=${t("thread.log")}>
        <${Top} thread=${thread} empty=${!drawn.length} notes=${peerOf(id, me) === me} id=${id} />
        ${drawn.map((row) => html`<${Line} key=${row.key} row=${row} conv=${conv} readers=${row.mine ? readers(row.message.seq) : 0} lang=${lang} today=${today} onMenu=${setMenu} onJump=${jump} />`)}
        ${BELOW.includes(thread?.failed?.what) && html`<${Failed} id=${id} failed=${thread.failed} />`}
      </div>
    </div>
    <${Swipe} box=${place.box} answer=${(seq) => (startReply(id, seq), focusBox())} close=${() => {}} />
    ${(place.away || later) && html`<button type="button" class=${`pill ${missed ? "news" : ""}`} onClick=${toBottom} aria-label=${missed ? undefined : t("thread.bottom")}>
      <${Icon} name="arrow-down" /> ${missed > 0 && t("thread.missed", { n: missed })}
    </button>`}
    ${menu && html`<${menu.only === "panel" ? Reacting : Menu} key=${menu.only} ...${menu} conv=${conv} onMenu=${setMenu} close=${() => setMenu(null)} />`}
  </div>`;
}

/** What is missing at the lower end when it could not be loaded. */
const BELOW = ["latest", "newer"];

function Failed({ id, failed }) {
  const t = useT();
  return html`<div class="log-top"><p>${explain(failed.refusal)}</p>
    <button type="button" class="link-button" onClick=${() => loadAgain(id)}>${t("retry")}</button></div>`;
}

/** The upper end keeps its height while older pages load. */
function Top({ thread, empty, notes, id }) {
  const t = useT();
  if (thread?.failed && !BELOW.includes(thread.failed.what)) return html`<${Failed} id=${id} failed=${thread.failed} />`;
  if (!thread?.loaded) return html`<div class="log-first"><${Spinner} /></div>`;
  if (empty && notes) return html`<div class="log-first hello"><${Icon} name="bookmark" /><p>${t("thread.empty.notes")}</p></div>`;
  if (empty) return html`<div class="log-first hello"><span aria-hidden="true">👋</span><p>${t("thread.empty")}</p></div>`;
  return html`<div class="log-top">${!thread.end && html`<${Spinner} />`}</div>`;
}

/** When this day began, ms; drawn again when it is another one. */
function useToday() {
  const [today, look] = useState(midnight(Date.now()));
  useEffect(() => {
    const timer = setInterval(() => look(midnight(Date.now())), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  return today;
}

/** How many of a group have read up to a seq; looked up among their marks in order, for there may be many of both. */
function useReaders(conv, me) {
  const reads = useStore((state) => state.reads[conv]);
  const group = useStore((state) => state.groups[conv]);
  return useMemo(() => {
    const others = (group?.members ?? []).filter(({ uid }) => uid !== me);
    const marks = others.map(({ uid }) => reads?.[uid] ?? 0).sort((a, b) => a - b);
    return (seq) => {
      let [low, high] = [0, seq ? marks.length : 0];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (marks[middle] >= seq) high = middle;
        else low = middle + 1;
      }
      return seq ? marks.length - low : 0;
    };
  }, [reads, group, me]);
}

/** Arrow keys walk from message to message, on the button that opens its menu. */
function walk(event) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || event.target.closest(".menu")) return;
  const all = [...event.currentTarget.querySelectorAll(".acts")];
  const here = event.target.closest(".line")?.querySelector(".acts");
  const next = here ? all[all.indexOf(here) + step] : step < 0 && all.at(-1);
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.closest(".line").scrollIntoView({ block: "nearest" });
}

function Line({ row, conv, readers, lang, today, onMenu, onJump }) {
  const t = useT();
  if (row.type === "day") {
    return html`<div class="day"><time datetime=${new Date(row.time).toISOString()}>${dayTitle(row.time, today)}</time></div>`;
  }
  if (row.type === "new") return html`<div class="new-line" role="separator"><span>${t("thread.new")}</span></div>`;
  if (row.type === "recalled") return html`<${Recalled} message=${row.message} mine=${row.mine} />`;
  if (row.type === "event") return html`<${Event} message=${row.message} />`;
  return html`<${Bubble} ...${row} conv=${conv} readers=${readers} lang=${lang} onMenu=${onMenu} onJump=${onJump} />`;
}
