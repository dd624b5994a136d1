/** Members offered behind an "@" while one types: filtered by what follows it, chosen with keys or a click. */
import { html, useLayoutEffect, useMemo, useRef, useState } from "../../vendor/preact-htm.js";
import { keepDraft } from "../drafts.js";
import { useT } from "../i18n.js";
import { asked, inserted, matching } from "../mentions.js";
import { leads } from "../roster.js";
import { useStore } from "../store.js";
import { Avatar, Icon } from "./parts.js";

/** More than these nobody reads; a letter more finds the rest. */
const OFFERED = 30;

/** The list's state, and what the box must pass on to it. In a conversation of two it offers nobody. */
export function useMentioning(conv, box, draft) {
  const t = useT();
  const people = usePeople(conv, t);
  const [place, setPlace] = useState(null);
  const [active, setActive] = useState(0);
  const caret = useRef(null);
  const found = useMemo(() => (place ? matching(people, place.query).slice(0, OFFERED) : []), [people, place]);

  useLayoutEffect(() => {
    if (caret.current === null) return;
    box.current.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  }, [draft.text]);

  const close = () => setPlace(null);
  const look = () => {
    const { value, selectionStart, selectionEnd } = box.current;
    setActive(0);
    setPlace(people.length && selectionStart === selectionEnd ? asked(value, selectionStart) : null);
  };
  // Who was quicker than the list of members is offered it when it comes.
  useLayoutEffect(() => {
    if (people.length && document.activeElement === box.current) look();
  }, [people.length > 0]);

  const pick = ({ uid, name }) => {
    const next = inserted(box.current.value, place, name);
    caret.current = next.caret;
    keepDraft(conv, { ...draft, text: next.text, names: { ...draft.names, [uid]: name } });
    close();
  };
  /** Whether the key belonged to the list. */
  const key = (event) => {
    if (!found.length) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setActive((active + step + found.length) % found.length);
    else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") pick(found[active]);
    else if (event.key === "Escape") close();
    else {
      if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) close();
      return false;
    }
    event.preventDefault();
    return true;
  };
  const open = found.length > 0;
  const told = people.length ? { "aria-autocomplete": "list", "aria-controls": open ? "mentioning" : undefined, "aria-activedescendant": open ? `mention-${found[active].uid}` : undefined } : {};
  return { found, active, pick, key, look, close, told };
}

function usePeople(conv, t) {
  const group = useStore((state) => state.groups[conv]);
  const users = useStore((state) => (group ? state.users : null));
  const me = useStore((state) => state.me.uid);
  const all = t("mention.all");
  return useMemo(() => {
    if (!group) return [];
    const others = group.members.filter(({ uid }) => uid !== me && users[uid]?.user_name).map(({ uid }) => {
      const { nickname, user_name } = users[uid];
      return { uid, name: nickname || user_name, user_name };
    });
    const mine = group.members.find(({ uid }) => uid === me);
    return leads(mine?.role) ? [{ uid: "all", name: all, user_name: "all" }, ...others] : others;
  }, [group, users, me, all]);
}

export function Mentioning({ found, active, pick }) {
  const t = useT();
  const list = useRef();
  useLayoutEffect(() => list.current?.children[active]?.scrollIntoView({ block: "nearest" }), [active]);
  if (!found.length) return null;
  // A press must not take the focus from the box.
  return html`<ul class="mentioning" id="mentioning" role="listbox" aria-label=${t("mention.title")} ref=${list} onPointerDown=${(event) => event.preventDefault()}>
    ${found.map((person, index) => html`<li key=${person.uid} id=${`mention-${person.uid}`} role="option" aria-selected=${index === active} onClick=${() => pick(person)}>
      ${person.uid === "all" ? html`<span class="avatar small tint-notes"><${Icon} name="users" /></span>` : html`<${Avatar} uid=${person.uid} name=${person.name} size="small" />`}
      <span class="mention-name" dir="auto">${person.name}</span>
      <span class="muted">${person.uid === "all" ? t("mention.all.text") : `@${person.user_name}`}</span>
    </li>`)}
  </ul>`;
}
