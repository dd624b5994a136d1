/** The emoji of the panel: found by words, or by group in one long list; drawn group by group to open at once. */
import { Component, html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../../vendor/preact-htm.js";
import { GROUPS, findEmoji, keepRecent, keepTone, loadEmoji, myTone, recentEmoji, toned } from "../emoji.js";
import { useT } from "../i18n.js";
import { useStore } from "../store.js";
import { neighbour } from "./grid.js";
import { Icon, Spinner } from "./parts.js";
import { Tones } from "./tones.js";

const ICONS = { recent: "clock", smileys: "smile", people: "hand", animals: "leaf", food: "apple", travel: "plane", activities: "trophy", objects: "lightbulb", symbols: "hash", flags: "flag" };

/** Sizes of css/emoji.css, by which a group that is not seen yet is as high as it will be. */
const CELL_PX = { fine: 38, coarse: 44 };
const TITLE_PX = 29;
const EDGES_PX = 16;

/** The head stands beside the tabs, the body below them. `pick` gets the emoji, and how it was chosen, see panel.js. */
export function useEmojis(pick, active) {
  const t = useT();
  const [query, setQuery] = useState("");
  const [tone, setTone] = useState(myTone);
  const [recent] = useState(recentEmoji); // as it was, so that nothing moves under the pointer
  const { known, failed, again } = useKnown(active);
  const found = useFound(known, query);
  const search = useRef();
  const list = useRef();
  const choose = (button, how) => {
    keepRecent(button.dataset.emoji);
    pick(button.dataset.emoji, how);
  };
  const keys = useKeys({ search, list, query, setQuery, choose });
  const groups = useMemo(() => grouped(known, recent), [known, recent]);

  const head = html`
    <input ref=${search} type="search" class="panel-search" value=${query} placeholder=${t("panel.search")} aria-label=${t("panel.search")} autocomplete="off" spellcheck=${false} enterkeyhint="search" maxlength="60"
      onInput=${(event) => setQuery(event.currentTarget.value)} onKeyDown=${keys.inSearch} />
    <${Tones} tone=${tone} choose=${(next) => (keepTone(next), setTone(next))} />`;
  const body = html`<div class="emojis" onKeyDown=${keys.inList}>
    ${failed
      ? html`<p class="panel-note" role="alert">${t("panel.failed")} <button type="button" class="link-button" onClick=${again}>${t("retry")}</button></p>`
      : !known
        ? html`<p class="panel-note"><${Spinner} /></p>`
        : html`<${List} box=${list} groups=${query.trim() ? [["found", found ?? []]] : groups} tone=${tone} found=${query.trim() ? found : null} choose=${choose} />`}
  </div>`;
  return { head, body, focus: () => search.current?.focus({ preventScroll: true }) };
}

/** The emoji, their names in the reader's language; null while they are fetched. */
function useKnown(active) {
  const lang = useStore((state) => state.lang);
  const [state, setState] = useState({ known: null, failed: false, tries: 0 });
  useEffect(() => {
    if (!active) return undefined;
    let current = true;
    loadEmoji(lang).then(
      (known) => current && setState((before) => ({ ...before, known, failed: false })),
      () => current && setState((before) => ({ ...before, failed: true })),
    );
    return () => {
      current = false;
    };
  }, [active, lang, state.tries]);
  return { ...state, again: () => setState((before) => ({ ...before, failed: false, tries: before.tries + 1 })) };
}

/** What a query finds; null until that is known. */
function useFound(known, query) {
  const [found, setFound] = useState(null);
  const wanted = query.trim();
  useEffect(() => {
    let current = true;
    if (!wanted) setFound(null);
    else if (known) findEmoji(known, wanted).then((all) => current && setFound(all), () => current && setFound([]));
    return () => {
      current = false;
    };
  }, [known, wanted]);
  return found;
}

function grouped(known, recent) {
  if (!known) return [];
  const named = new Map(known.flatMap((one) => [one.emoji, ...(one.tones ?? [])].map((emoji) => [emoji, one.name])));
  const used = recent.filter((emoji) => named.has(emoji)).map((emoji) => ({ emoji, name: named.get(emoji) }));
  const groups = Object.entries(GROUPS).map(([number, name]) => [name, known.filter(({ group }) => group === Number(number))]);
  return [["recent", used], ...groups].filter(([, all]) => all.length);
}

/** Down from the box into the list, up from it back, and a letter goes to the box wherever one is. */
function useKeys({ search, list, query, setQuery, choose }) {
  const inSearch = (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    const first = list.current?.querySelector("[data-emoji]");
    if (event.key === "ArrowDown" && first) first.focus();
    else if (event.key === "Enter" && query.trim() && first) choose(first, event.shiftKey ? "more" : "done");
    else if (event.key === "Escape" && query) setQuery("");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const inList = (event) => {
    const here = event.target.closest?.("[data-emoji]");
    if (!here) return;
    const next = neighbour([...list.current.querySelectorAll("[data-emoji]")], here, event.key);
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    } else if (event.key === "ArrowUp") search.current.focus();
    else if (event.key === "Enter") choose(here, event.shiftKey ? "more" : "done");
    else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey) return void search.current.focus();
    else return;
    event.preventDefault();
  };
  return { inSearch, inList };
}

function List({ box, groups, tone, found, choose }) {
  const t = useT();
  const heightOf = useHeights(box);
  const [shown, setShown] = useState(2);
  const [at, setAt] = useState(groups[0]?.[0]);
  const [wanted, setWanted] = useState(null);
  useEffect(() => {
    if (shown >= groups.length) return undefined;
    const frame = requestAnimationFrame(() => setShown(shown + 1));
    return () => cancelAnimationFrame(frame);
  }, [shown, groups]);
  useLayoutEffect(() => {
    box.current.scrollTop = 0;
  }, [found]);
  const sections = () => [...box.current.querySelectorAll("section")];
  const spy = () => {
    if (!box.current) return; // a scroll of the moment in which the panel was closed
    setAt(sections().findLast((section) => section.offsetTop <= box.current.scrollTop + 8)?.dataset.group);
  };
  const jump = (name) => {
    setShown(groups.length); // it may be none of those that are drawn already
    setWanted(name);
  };
  useLayoutEffect(() => {
    if (!wanted) return;
    box.current.scrollTop = sections().find((section) => section.dataset.group === wanted)?.offsetTop ?? 0;
    setWanted(null);
  }, [wanted]);
  const click = (event) => {
    const button = event.target.closest("[data-emoji]");
    if (button) choose(button, "press");
  };
  return html`
    ${!found && html`<div class="emoji-groups" role="toolbar" aria-label=${t("panel.groups")}>
      ${groups.map(([name]) => html`<button type="button" key=${name} class=${name === at ? "on" : ""} aria-label=${t(`emoji.${name}`)} title=${t(`emoji.${name}`)} aria-current=${name === at ? "true" : undefined} onClick=${() => jump(name)}><${Icon} name=${ICONS[name]} /></button>`)}
    </div>`}
    <div class="panel-scroll" ref=${box} onScroll=${found ? undefined : spy} onClick=${click}>
      ${groups.slice(0, found ? 1 : shown).map(([name, all]) => html`<${Group} key=${name} name=${name} all=${all} tone=${tone} height=${heightOf(all.length)} title=${name === "found" ? "" : t(`emoji.${name}`)} />`)}
      ${found?.length === 0 && html`<p class="panel-note" role="status">${t("panel.none")}</p>`}
    </div>`;
}

/** How high so many emoji stand under their title. */
function useHeights(box) {
  const [columns, setColumns] = useState(0);
  const cell = matchMedia("(pointer: coarse)").matches ? CELL_PX.coarse : CELL_PX.fine;
  useLayoutEffect(() => setColumns(Math.floor((box.current.clientWidth - EDGES_PX) / cell)), []);
  return (count) => (columns ? TITLE_PX + Math.ceil(count / columns) * cell : 0);
}

/** Draws again only when it must: there are nearly two thousand. */
class Group extends Component {
  shouldComponentUpdate({ all, tone, title, height }) {
    const { props } = this;
    return all !== props.all || tone !== props.tone || title !== props.title || height !== props.height;
  }

  render({ name, all, tone, title, height }) {
    return html`<section data-group=${name} aria-label=${title || undefined} style=${{ containIntrinsicSize: `auto ${height}px` }}>
      ${title && html`<h2>${title}</h2>`}
      <div class="emoji-grid">${all.map((one, index) => {
        const emoji = toned(one, tone);
        return html`<button type="button" key=${one.emoji} tabindex=${index ? -1 : 0} data-emoji=${emoji} title=${one.name} aria-label=${one.name}>${emoji}</button>`;
      })}</div>
    </section>`;
  }
}
