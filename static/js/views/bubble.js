/** One message of a person: mine right, theirs left; what is unsent stands here too, with its mark. */
import { Component, html, useRef } from "../../vendor/preact-htm.js";
import { discard, retry } from "../acts.js";
import { explain, t, useT } from "../i18n.js";
import { mentionsMe } from "../roster.js";
import { get, set } from "../store.js";
import { onlyEmoji } from "../text.js";
import { clock, full } from "../time.js";
import { Content } from "./content.js";
import { Mark } from "./mark.js";
import { Avatar, IconButton, useName } from "./parts.js";
import { placeOf } from "./popup.js";
import { Quote } from "./quote.js";
import { Reactions } from "./reactions.js";

/** Between a bubble and its menu under a finger. */
const BESIDE_PX = 4;

/** Held so long, a finger means the menu; moved further than this, it scrolls. */
const LONG_PRESS_MS = 450;
const STILL_PX = 10;

/**
 * Draws again only when something of it has changed: a thread may hold thousands. For the same reason
 * the parts that every bubble has do not listen to the state; the language comes from the thread.
 */
export class Bubble extends Component {
  shouldComponentUpdate(next) {
    const { message, first, last, conv, entry, readers, lang } = this.props;
    const read = (props) => props.conv.peer_read_seq >= props.message.seq;
    return (
      Boolean(entry || next.entry) ||
      message !== next.message ||
      first !== next.first ||
      last !== next.last ||
      (next.mine && (read(this.props) !== read(next) || readers !== next.readers)) ||
      conv.type !== next.conv.type ||
      lang !== next.lang
    );
  }

  render({ message, mine, first, last, entry, conv, readers, onMenu, onJump }) {
    const group = conv.type === "group" && !mine;
    const called = mentionsMe(message, get().me.uid);
    const classes = ["line", mine ? "mine" : "theirs", group && "in-group", first && "first", last && "last", called && "called"];
    return html`<div class=${classes.filter(Boolean).join(" ")} data-seq=${message.seq} data-id=${message.id}>
      ${group && first && html`<${Author} uid=${message.from} />`}
      <${Body} message=${message} mine=${mine} entry=${entry} conv=${conv} readers=${readers} onMenu=${onMenu} onJump=${onJump} face=${group && last} />
      ${message.reactions?.length > 0 && html`<${Reactions} message=${message} onMore=${(event) => onMenu({ message, mine, only: "react", ...placeOf(event) })} />`}
      ${(entry?.state === "failed" || entry?.state === "held") && html`<${Trouble} entry=${entry} />`}
    </div>`;
  }
}

function Author({ uid }) {
  return html`<span class="author" dir="auto">${useName(uid)}</span>`;
}

function Face({ uid }) {
  const name = useName(uid);
  return html`<button type="button" class="face" tabindex="-1" title=${name} onClick=${() => set({ dialog: { name: "profile", uid } })}>
    <${Avatar} uid=${uid} name=${name} size="small" /><span class="unseen">${t("profile.of", { name })}</span>
  </button>`;
}

function Body({ message, mine, entry, conv, readers, face, onMenu, onJump }) {
  const press = useRef();
  const large = message.kind === "text" && !message.reply_to && onlyEmoji(message.content);
  const shape = large ? "large" : message.kind === "sticker" ? "bare" : "";
  const about = { message, mine, readers };
  const open = (event) => {
    event.preventDefault();
    clearTimeout(press.current?.timer);
    onMenu({ ...about, ...placeOf(event) });
  };
  const touch = (event) => {
    if (event.pointerType !== "touch") return;
    const { clientX: x, clientY: y, currentTarget: opener } = event;
    // Beside the bubble: under the finger it would cover what it is about.
    const { top, bottom } = opener.getBoundingClientRect();
    const timer = setTimeout(() => onMenu({ ...about, x, y: bottom + BESIDE_PX, above: top - BESIDE_PX, opener }), LONG_PRESS_MS);
    press.current = { timer, x, y };
  };
  const lift = () => clearTimeout(press.current?.timer);
  const move = ({ clientX, clientY }) => {
    const { x, y } = press.current ?? { x: clientX, y: clientY };
    if (Math.hypot(clientX - x, clientY - y) > STILL_PX) lift();
  };
  // The right button would take the focus from the box in which one writes.
  const stay = (event) => event.button === 2 && event.preventDefault();
  const handlers = { onContextMenu: open, onMouseDown: stay, onPointerDown: touch, onPointerUp: lift, onPointerMove: move, onPointerCancel: lift };
  return html`<div class="bubble-place">
    ${face && html`<${Face} uid=${message.from} />`}
    <div class=${`bubble of-${message.kind} ${shape} ${entry ? entry.state : ""}`} ...${handlers}>
      ${message.reply_to && html`<${Quote} conv=${conv.conv} seq=${message.reply_to} onJump=${onJump} />`}
      <${Content} message=${message} entry=${entry} />
      <span class="meta">
        ${message.edited && html`<span title=${full(message.edited)}>${t("edited")}</span>`}
        <time datetime=${new Date(message.time).toISOString()} title=${full(message.time)}>${clock(message.time)}</time>
        ${mine && html`<${Mark} message=${message} entry=${entry} conv=${conv} readers=${readers} />`}
      </span>
    </div>
    <span class="tools">
      ${message.seq && html`<${IconButton} icon="smile-plus" label=${t("menu.react")} class="more" tabindex="-1" onClick=${(event) => onMenu({ ...about, only: "react", ...placeOf(event) })} aria-haspopup="menu" />`}
      <${IconButton} icon="ellipsis" label=${t("menu.open")} class="more acts" tabindex="-1" onClick=${open} aria-haspopup="menu" />
    </span>
  </div>`;
}

function Trouble({ entry }) {
  useT();
  const { conv, reason, content } = entry;
  const outside = conv.startsWith("g") && reason?.error === "forbidden";
  const file = content === undefined && entry.state === "failed";
  return html`<div class=${`trouble ${entry.state}`} role=${entry.state === "failed" ? "alert" : "status"}>
    <span>${outside ? t("error.outside") : explain(reason)} ${file && t("upload.here")}</span>
    <button type="button" class="link-button" onClick=${() => retry(entry.id)}>${t("retry")}</button>
    <button type="button" class="link-button" onClick=${() => discard(entry.id)}>${t("discard")}</button>
  </div>`;
}
