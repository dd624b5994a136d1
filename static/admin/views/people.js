/** People: found by name or number, banned and let in again, signed out everywhere. */
import { api } from "../../js/api.js";
import { useT } from "../../js/i18n.js";
import { set, useStore } from "../../js/store.js";
import { full } from "../../js/time.js";
import { Avatar, Icon, IconButton } from "../../js/views/parts.js";
import { below, Popup } from "../../js/views/popup.js";
import { html, useEffect, useState } from "../../vendor/preact-htm.js";
import { dayText } from "../axis.js";
import { FOR_EVER, attempt, learn, signOutEverywhere, sure, unban } from "../people.js";
import { Rest, usePages } from "./pages.js";

/** Typing is over when nothing was typed for this long. */
const TYPED_MS = 250;

export function People({ query }) {
  const t = useT();
  const [text, setText] = useState(query);
  const [wanted, setWanted] = useState(query.trim());
  const [menu, setMenu] = useState(null);
  useEffect(() => {
    const timer = setTimeout(() => setWanted(text.trim()), TYPED_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => setText(query), [query]);
  const pages = usePages(wanted, async (cursor) => {
    const asked = new URLSearchParams({ ...(wanted && { q: wanted }), ...(cursor && { cursor }) });
    const { users, next } = await api.get(`/api/admin/users?${asked}`);
    learn(users);
    return { items: users, next };
  });
  const changed = (uid, fields) => pages.change((items) => items.map((item) => (item.uid === uid ? { ...item, ...fields } : item)));
  return html`
    <div class="room-bar"><label class="search"><${Icon} name="search" />
      <input type="search" value=${text} placeholder=${t("people.search")} aria-label=${t("people.search")} autocapitalize="none" spellcheck=${false} maxlength="100"
        onInput=${({ currentTarget }) => setText(currentTarget.value)} />
    </label>
    <button type="button" class="button" onClick=${() => set({ dialog: { name: "invite" } })}><${Icon} name="user-plus" /> ${t("invite.new")}</button></div>
    <ul class="people">${pages.items.map((person) => html`<${Row} key=${person.uid} person=${person} open=${(event) => setMenu({ person, ...below(event) })} />`)}</ul>
    <${Rest} pages=${pages} none=${t(wanted ? "people.none" : "people.nobody", { text: wanted })} />
    ${menu && html`<${Menu} ...${menu} changed=${changed} close=${() => setMenu(null)} />`}
  `;
}

function Row({ person, open }) {
  const t = useT();
  const { uid, nickname, user_name, online, admin, banned_until: until, created_at: since } = person;
  const name = nickname || user_name || t("deleted");
  return html`<li class="person">
    <${Avatar} uid=${uid} name=${name} online=${online} />
    <div class="grow two-lines">
      <span class="person-name"><strong dir="auto">${name}</strong>
        ${admin && html`<span class="tag accent-tag">${t("people.admin")}</span>`}
        ${until > 0 && html`<span class="tag danger-tag">${until >= FOR_EVER ? t("people.banned") : t("people.banned.until", { time: full(until) })}</span>`}
      </span>
      <span class="muted">@${user_name} · ${t("person.number", { uid })} · ${t("people.since", { time: dayText(since) })}</span>
    </div>
    <${IconButton} icon="ellipsis-vertical" label=${t("people.menu", { name })} aria-haspopup="menu" onClick=${open} />
  </li>`;
}

function Menu({ person, changed, close, ...place }) {
  const t = useT();
  const me = useStore((state) => state.me.uid);
  const { uid, nickname, user_name, admin, banned_until: until } = person;
  const name = nickname || user_name;
  const again = () => attempt(() => unban(uid), "people.unbanned").then((done) => done && changed(uid, { banned_until: 0 }));
  const askBan = () => set({ dialog: { name: "ban", uid, who: name, done: ({ banned_until }) => changed(uid, { banned_until, online: false }) } });
  const items = [
    until > 0 && { icon: "check", label: t("people.unban"), act: again },
    !admin && uid !== me && { icon: "ban", label: t(until > 0 ? "people.reban" : "people.ban"), danger: true, act: askBan },
    { icon: "log-out", label: t("people.signout"), danger: true, act: () => sure("signout", { name }, () => signOutEverywhere(uid), "people.signedout") },
  ];
  return html`<${Popup} ...${place} close=${close} label=${t("people.menu", { name })} items=${items.filter(Boolean)} />`;
}
