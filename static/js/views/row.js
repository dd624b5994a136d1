/** One conversation of the list: who, what last, when, and how much is unread. */
import { Component, html } from "../../vendor/preact-htm.js";
import { openConv } from "../acts.js";
import { peerOf } from "../convs.js";
import { useT } from "../i18n.js";
import { useStickers } from "../stickers.js";
import { useConnected, useStore } from "../store.js";
import { oneLine } from "../text.js";
import { full, listTime } from "../time.js";
import { NAMES, nameOf, summary, typingText } from "../words.js";
import { Mark } from "./mark.js";
import { Avatar, Icon, useName, useNames } from "./parts.js";

/** The name and face of a conversation, also for the thread's head. */
export function useFace(conv) {
  const t = useT();
  const me = useStore((state) => state.me.uid);
  const peer = peerOf(conv.conv, me);
  const profile = useStore((state) => state.users[peer]);
  const name = useName(peer);
  const blocked = useStore((state) => state.blocked.includes(peer));
  const connected = useConnected(); // else nobody can say
  if (conv.type === "group") {
    return { uid: Number(conv.conv.slice(1)), name: conv.group?.name ?? t("group"), group: true, picture: conv.group?.avatar };
  }
  if (peer === me) return { uid: me, name: t("notes"), notes: true };
  return { uid: peer, name, online: Boolean(profile?.online) && !blocked && connected };
}

/** Draws again only when its own conversation or the minute has changed: a list may hold a thousand. */
export class Row extends Component {
  shouldComponentUpdate({ conv, now }) {
    return conv !== this.props.conv || now !== this.props.now;
  }

  render({ conv, now, onPick = () => openConv(conv.conv) }) {
    return html`<${Line} conv=${conv} now=${now} onPick=${onPick} />`;
  }
}

function Line({ conv, now, onPick }) {
  const t = useT();
  const { name, ...face } = useFace(conv);
  const open = useStore((state) => state.route.conv === conv.conv);
  const { last_message: last, unread, mention_seq, muted, pinned } = conv;
  return html`<button type="button" class=${`row ${open ? "open" : ""}`} aria-current=${open ? "true" : undefined} onClick=${onPick}>
    <${Avatar} ...${face} name=${name} />
    <span class="row-text">
      <span class="row-line">
        <span class="row-name" dir="auto">${name}</span>
        ${pinned && html`<${Icon} name="pin" label=${t("pinned")} />`}
        ${muted && html`<${Icon} name="bell-off" label=${t("muted")} />`}
        ${last && html`<time class="row-time" datetime=${new Date(last.time).toISOString()} title=${full(last.time)}>${listTime(last.time, now)}</time>`}
      </span>
      <span class="row-line">
        <${Preview} conv=${conv} open=${open} />
        ${mention_seq > 0 && html`<span class="badge called" role="img" aria-label=${t("badge.called")} title=${t("badge.called")}>@</span>`}
        ${unread > 0 && html`<span class=${`badge ${muted ? "quiet" : ""}`} aria-label=${t("unread", { n: unread })}>${unread > 99 ? "99+" : unread}</span>`}
      </span>
    </span>
  </button>`;
}

function Preview({ conv, open }) {
  const t = useT();
  const me = useStore((state) => state.me.uid);
  const draft = useStore((state) => state.drafts[conv.conv]);
  const entry = useStore((state) => state.outbox[conv.conv]?.at(-1));
  const typing = useStore((state) => Object.keys(state.typing[conv.conv] ?? {}).join(" "));
  const last = conv.last_message;
  const { by, uids = [] } = last?.data ?? {};
  useNames([last?.from, last?.recalled_by, by, ...uids.slice(0, NAMES), ...typing.split(" ")]);
  useStickers(last?.kind === "sticker" || entry?.kind === "sticker");
  if (typing) return html`<span class="row-preview accent">${typingText(conv, typing.split(" "))}</span>`;
  const writable = conv.group?.role !== null;
  const typed = draft?.edit ? "" : draft?.text || draft?.kept?.text;
  if (typed && !open && writable) {
    return html`<span class="row-preview" dir="auto"><b class="draft">${t("draft")}</b> ${oneLine(typed)}</span>`;
  }
  if (entry) {
    return html`<span class="row-preview" dir="auto"><${Mark} message=${entry} entry=${entry} conv=${conv} /> ${summary(entry)}</span>`;
  }
  if (!last) return html`<span class="row-preview">${t("preview.none")}</span>`;
  const said = last.kind !== "system" && last.kind !== "recalled";
  const mine = last.from === me && said;
  const from = conv.type === "group" && said && !mine && nameOf(last.from);
  return html`<span class="row-preview" dir="auto">
    ${conv.mention_seq > 0 && html`<b class="called-text">${t("preview.called")}</b>`}
    ${mine && html`<${Mark} message=${last} conv=${conv} />`} ${from ? t("preview.from", { name: from, text: summary(last) }) : summary(last)}
  </span>`;
}
