/** Picking people or conversations: a search box with those chosen as chips, and below it those found or known. */
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { findPeople } from "../acts.js";
import { learn } from "../chat.js";
import { peerOf, sorted } from "../convs.js";
import { useT } from "../i18n.js";
import { get, useStore } from "../store.js";
import { Avatar, Icon, useName } from "./parts.js";

/** Typing faster than this asks only once. */
const PAUSE_MS = 200;
/** Without a query nobody is marked before an arrow key does it: Enter is for the form then. */
const NONE = -1;

/**
 * What is picked from: `useFound(query)` are ids, or null while it is asked; `useLabel(id)` is how one is
 * drawn, `{face, name, line}`; `find` and `known` are keys of texts.
 */
const PEOPLE = { useFound: useFoundPeople, useLabel: usePerson, find: "picker.find", known: "picker.known" };

/** @param {{picked: Array, there?: Array, onPick: (ids: Array) => void, source?: typeof PEOPLE}} props  there: cannot be picked */
export function Picker({ picked, there = [], onPick, source = PEOPLE }) {
  const t = useT();
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(NONE);
  const box = useRef();
  const eager = useRef(""); // what Enter was pressed for before it was found
  const wanted = query.trim();
  const found = source.useFound(wanted);
  const open = found?.filter((id) => !there.includes(id)) ?? [];
  const toggle = (id) => {
    onPick(picked.includes(id) ? picked.filter((other) => other !== id) : [...picked, id]);
    if (wanted) setQuery("");
    setActive(NONE);
    box.current.focus();
  };
  const input = ({ currentTarget: { value } }) => {
    eager.current = "";
    setQuery(value);
    setActive(value.trim() ? 0 : NONE);
  };
  useEffect(() => {
    if (!eager.current || eager.current !== query || !open.length) return;
    eager.current = "";
    toggle(open[0]);
  });
  const key = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing || event.keyCode === 229) return;
    const typed = box.current.value;
    if (step && open.length) setActive(active === NONE && step < 0 ? open.length - 1 : (active + step + open.length) % open.length);
    else if (event.key === "Enter" && (typed.trim() || active !== NONE)) {
      if (typed === query && open[active]) toggle(open[active]);
      else eager.current = typed;
    } else if (event.key === "Backspace" && !query && picked.length) return onPick(picked.slice(0, -1));
    else if (event.key === "Escape" && query) setQuery("");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div class="picker">
    <div class="chips" onClick=${() => box.current.focus()}>
      ${picked.map((id) => html`<${Chip} key=${id} id=${id} source=${source} remove=${() => toggle(id)} />`)}
      <input ref=${box} type="text" autofocus value=${query} placeholder=${picked.length ? "" : t(source.find)} aria-label=${t(source.find)} autocomplete="off" spellcheck=${false} maxlength="100"
        role="combobox" aria-expanded="true" aria-controls="picker-list" aria-activedescendant=${open[active] ? `pick-${open[active]}` : undefined}
        onInput=${input} onKeyDown=${key} />
    </div>
    <div class="picker-rows">
      ${!wanted && found?.length > 0 && html`<h3 class="rows-title">${t(source.known)}</h3>`}
      <ul id="picker-list" role="listbox" aria-multiselectable="true" aria-label=${t(source.find)}>
        ${found?.map((id) => html`<${Choice} key=${id} id=${id} source=${source} on=${picked.includes(id)} there=${there.includes(id)} active=${open[active] === id} toggle=${() => toggle(id)} />`)}
      </ul>
      ${found?.length === 0 && html`<p class="empty" role="status">${wanted ? t("picker.none", { query: wanted }) : t("picker.start")}</p>`}
    </div>
  </div>`;
}

/** Who was found, or without a query those I write with; null while it is asked. */
export function useFoundPeople(query) {
  const [found, setFound] = useState({ query: "", uids: null });
  const me = get().me.uid;
  useEffect(() => {
    if (!query) return undefined;
    let current = true;
    const timer = setTimeout(async () => {
      const people = await findPeople(query).catch(() => []);
      learn(people);
      if (current) setFound({ query, uids: people.map(({ uid }) => uid).filter((uid) => uid !== me) });
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [query]);
  if (query) return found.query === query ? found.uids : null;
  const singles = sorted(Object.values(get().convs)).filter(({ type, last_message }) => type === "single" && last_message);
  return singles.map(({ conv }) => peerOf(conv, me)).filter((uid) => uid !== me && get().users[uid]?.user_name);
}

function usePerson(uid) {
  const name = useName(uid);
  const user_name = useStore((state) => state.users[uid]?.user_name);
  return { face: { uid }, name, line: `@${user_name}` };
}

function Chip({ id, source, remove }) {
  const t = useT();
  const { face, name } = source.useLabel(id);
  return html`<span class="chip"><${Avatar} ...${face} name=${name} size="tiny" /> <span dir="auto">${name}</span>
    <button type="button" aria-label=${t("picker.remove", { name })} title=${t("picker.remove", { name })} onClick=${remove}><${Icon} name="x" /></button></span>`;
}

function Choice({ id, source, on, there, active, toggle }) {
  const t = useT();
  const { face, name, line } = source.useLabel(id);
  const row = useRef();
  useEffect(() => {
    if (active) row.current.scrollIntoView({ block: "nearest" });
  }, [active]);
  return html`<li ref=${row} id=${`pick-${id}`} role="option" class=${active ? "active" : ""} aria-selected=${on} aria-disabled=${there} onClick=${() => !there && toggle()}>
    <${Avatar} ...${face} name=${name} size="small" />
    <span class="grow two-lines"><span dir="auto">${name}</span><span class="muted">${line}${there ? ` · ${t("picker.there")}` : ""}</span></span>
    <span class=${`tick ${on ? "on" : ""}`}>${on && html`<${Icon} name="check" />`}</span>
  </li>`;
}
