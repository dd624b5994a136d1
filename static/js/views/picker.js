/** Picking people: a search box with those chosen as chips, and below it those found or known. */
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { findPeople } from "../acts.js";
import { learn } from "../chat.js";
import { peerOf, sorted } from "../convs.js";
import { useT } from "../i18n.js";
import { get, useStore } from "../store.js";
import { Avatar, Icon, useName } from "./parts.js";

/** Typing faster than this asks only once. */
const PAUSE_MS = 200;

/** @param {{picked: number[], there?: number[], onPick: (uids: number[]) => void}} props  there: cannot be picked */
export function Picker({ picked, there = [], onPick }) {
  const t = useT();
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const box = useRef();
  const wanted = query.trim();
  const people = useFound(wanted);
  const open = people?.filter((uid) => !there.includes(uid)) ?? [];
  const toggle = (uid) => {
    onPick(picked.includes(uid) ? picked.filter((other) => other !== uid) : [...picked, uid]);
    if (wanted) setQuery("");
    setActive(0);
    box.current.focus();
  };
  const key = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing || event.keyCode === 229) return;
    if (step && open.length) setActive((active + step + open.length) % open.length);
    else if (event.key === "Enter" && open[active]) toggle(open[active]);
    else if (event.key === "Backspace" && !query && picked.length) return onPick(picked.slice(0, -1));
    else if (event.key === "Escape" && query) setQuery("");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div class="picker">
    <div class="chips" onClick=${() => box.current.focus()}>
      ${picked.map((uid) => html`<${Chip} key=${uid} uid=${uid} remove=${() => toggle(uid)} />`)}
      <input ref=${box} type="text" autofocus value=${query} placeholder=${picked.length ? "" : t("picker.find")} aria-label=${t("picker.find")} autocomplete="off" spellcheck=${false} maxlength="100"
        role="combobox" aria-expanded="true" aria-controls="picker-list" aria-activedescendant=${open[active] ? `pick-${open[active]}` : undefined}
        onInput=${(event) => (setQuery(event.currentTarget.value), setActive(0))} onKeyDown=${key} />
    </div>
    <div class="picker-rows">
      ${!wanted && people?.length > 0 && html`<h3 class="rows-title">${t("picker.known")}</h3>`}
      <ul id="picker-list" role="listbox" aria-multiselectable="true" aria-label=${t("picker.find")}>
        ${people?.map((uid) => html`<${Person} key=${uid} uid=${uid} on=${picked.includes(uid)} there=${there.includes(uid)} active=${open[active] === uid} toggle=${() => toggle(uid)} />`)}
      </ul>
      ${people?.length === 0 && html`<p class="empty" role="status">${wanted ? t("picker.none", { query: wanted }) : t("picker.start")}</p>`}
    </div>
  </div>`;
}

/** Who was found, or without a query those I write with; null while it is asked. */
function useFound(query) {
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

function Chip({ uid, remove }) {
  const t = useT();
  const name = useName(uid);
  return html`<span class="chip"><${Avatar} uid=${uid} name=${name} size="tiny" /> <span dir="auto">${name}</span>
    <button type="button" aria-label=${t("picker.remove", { name })} title=${t("picker.remove", { name })} onClick=${remove}><${Icon} name="x" /></button></span>`;
}

function Person({ uid, on, there, active, toggle }) {
  const t = useT();
  const name = useName(uid);
  const user_name = useStore((state) => state.users[uid]?.user_name);
  const row = useRef();
  useEffect(() => {
    if (active) row.current.scrollIntoView({ block: "nearest" });
  }, [active]);
  return html`<li ref=${row} id=${`pick-${uid}`} role="option" class=${active ? "active" : ""} aria-selected=${on} aria-disabled=${there} onClick=${() => !there && toggle()}>
    <${Avatar} uid=${uid} name=${name} size="small" />
    <span class="grow two-lines"><span dir="auto">${name}</span><span class="muted">@${user_name}${there ? ` · ${t("picker.there")}` : ""}</span></span>
    <span class=${`tick ${on ? "on" : ""}`}>${on && html`<${Icon} name="check" />`}</span>
  </li>`;
}
