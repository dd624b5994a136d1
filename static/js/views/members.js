/** The members of a group, each with what my role lets me do with them. */
import { html, useState } from "../../vendor/preact-htm.js";
import { openWith } from "../acts.js";
import { MUTES, ask, kick, muteMember, setRole } from "../groups.js";
import { useT } from "../i18n.js";
import { matching } from "../mentions.js";
import { isOver } from "../roster.js";
import { get, set, useStore } from "../store.js";
import { moment } from "../time.js";
import { Avatar, Icon, IconButton, useName, useNow } from "./parts.js";
import { Popup, below } from "./popup.js";

/** From so many on a box finds them. */
const MANY = 12;
/** So many at first; more come by a click, for a group may have 500. */
const SHOWN = 100;
/** "Muted until" ends without anything happening. */
const TICK_MS = 15_000;
const LONG_MS = 365 * 86_400_000;

const RANK = { owner: 0, admin: 1, member: 2 };

export function Members({ group, role }) {
  const t = useT();
  const { conv, members } = group;
  const users = useStore((state) => state.users);
  const [query, setQuery] = useState("");
  const [all, setAll] = useState(false);
  const [menu, setMenu] = useState(null);
  const now = useNow(TICK_MS);
  const wanted = query.trim();
  const named = members.map((member) => ({ ...member, name: users[member.uid]?.nickname ?? "…", user_name: users[member.uid]?.user_name }));
  const found = wanted ? matching(named, wanted) : named.sort((a, b) => RANK[a.role] - RANK[b.role]);
  const shown = all ? found : found.slice(0, SHOWN);
  return html`<section>
    <div class="section-head"><h4><${Icon} name="users" /> ${t("details.members", { n: members.length })}</h4>
      <${IconButton} icon="user-plus" label=${t("details.invite")} onClick=${() => set({ dialog: { name: "invite", conv } })} /></div>
    ${members.length >= MANY && html`<div class="search"><${Icon} name="search" /><input type="search" value=${query} placeholder=${t("details.find")} aria-label=${t("details.find")} onInput=${(event) => setQuery(event.currentTarget.value)} /></div>`}
    <ul class="members">${shown.map((member) => html`<${Member} key=${member.uid} member=${member} acts=${actsOn(member, conv, role, now, t, setMenu)} now=${now} open=${setMenu} />`)}</ul>
    ${shown.length < found.length && html`<button type="button" class="link-button" onClick=${() => setAll(true)}>${t("details.members", { n: found.length })}…</button>`}
    ${menu && html`<${Popup} key=${menu.label} ...${menu} close=${() => setMenu(null)} />`}
  </section>`;
}

function Member({ member, acts, now, open }) {
  const t = useT();
  const { uid, role, muted_until } = member;
  const name = useName(uid);
  const online = useStore((state) => state.users[uid]?.online && !state.blocked.includes(uid));
  const mine = uid === get().me.uid;
  const muted = muted_until > now + LONG_MS ? t("member.muted.long") : muted_until > now ? t("member.muted", { time: moment(muted_until) }) : "";
  const profile = () => set({ dialog: { name: "profile", uid } });
  return html`<li class="member" data-uid=${uid}>
    <button type="button" class="member-who" disabled=${mine} onClick=${profile}>
      <${Avatar} uid=${uid} name=${name} size="small" online=${!mine && online} />
      <span class="grow two-lines">
        <span class="member-line"><span class="member-name" dir="auto" title=${name}>${name}</span>${mine && html`<span class="member-you">${t("member.you")}</span>`}</span>
        ${muted && html`<span class="muted">${muted}</span>`}
      </span>
      ${role !== "member" && html`<span class=${`role ${role}`}>${t(`role.${role}`)}</span>`}
    </button>
    ${!mine && html`<${IconButton} icon="ellipsis" label=${t("details.more", { name })} aria-haspopup="menu"
      onClick=${(event) => open({ ...below(event), label: t("details.more", { name }), items: acts })} />`}
  </li>`;
}

/** What my role lets me do with a member, as the items of a menu. */
function actsOn(member, conv, role, now, t, open) {
  const { uid, name } = member;
  const over = isOver(role, member);
  const plain = member.role === "member";
  const muted = member.muted_until > now;
  const profile = get().users[uid];
  const items = [
    { icon: "message-circle", label: t("profile.write"), act: () => openWith(profile) },
    role === "owner" && (plain
      ? { icon: "shield", label: t("member.admin"), act: () => setRole(conv, uid, "admin") }
      : { icon: "user", label: t("member.unadmin"), act: () => setRole(conv, uid, "member") }),
    role === "owner" && { icon: "crown", label: t("member.owner"), act: () => ask("owner", { name }, () => setRole(conv, uid, "owner")) },
    over && plain && (muted
      ? { icon: "volume-2", label: t("member.unmute"), act: () => muteMember(conv, uid, 0) }
      : { icon: "volume-x", label: t("member.mute"), act: () => chooseTime(conv, uid, t, open) }),
    over && { icon: "user-minus", label: t("member.kick"), danger: true, act: () => ask("kick", { name }, () => kick(conv, uid)) },
  ];
  return items.filter(Boolean);
}

/** A second menu in the place of the first. */
function chooseTime(conv, uid, t, open) {
  const items = MUTES.map(([name, ms]) => ({ icon: "clock", label: t(`mute.${name}`), act: () => muteMember(conv, uid, ms) }));
  const button = document.querySelector(`.member[data-uid="${uid}"] > .icon-button`);
  open({ ...below({ currentTarget: button }), label: t("mute.title"), items });
}
