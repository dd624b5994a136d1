/** One message of a person: mine right, theirs left; what is unsent stands here too, with its mark. */
import { Component, html, useRef } from "../../vendor/preact-htm.js";
import { discard, retry } from "../acts.js";
import { explain, useT } from "../i18n.js";
import { links, onlyEmoji } from "../text.js";
import { clock, full } from "../time.js";
import { summary } from "../words.js";
import { Mark } from "./mark.js";
import { Avatar, IconButton, useName } from "./parts.js";
import { Quote } from "./quote.js";

/** Held so long, a finger means the menu; moved further than this, it scrolls. */
const LONG_PRESS_MS = 450;
const STILL_PX = 10;

/** Draws again only when something of it has changed: a thread may hold thousands. */
export class Bubble extends Component {
  shouldComponentUpdate(next) {
    const { message, first, last, conv, entry } = this.props;
    const read = (props) => props.conv.peer_read_seq >= props.message.seq;
    return (
      Boolean(entry || next.entry) ||
      message !== next.message ||
      first !== next.first ||
      last !== next.last ||
      (next.mine && read(this.props) !== read(next)) ||
      conv.type !== next.conv.type
    );
  }

  render({ message, mine, first, last, entry, conv, onMenu, onJump }) {
    const group = conv.type === "group" && !mine;
    const classes = ["line", mine ? "mine" : "theirs", first && "first", last && "last"].filter(Boolean).join(" ");
    return html`<div class=${classes} data-seq=${message.seq} data-id=${message.id}>
      ${group && html`<${Author} uid=${message.from} first=${first} last=${last} />`}
      <${Body} message=${message} mine=${mine} entry=${entry} conv=${conv} onMenu=${onMenu} onJump=${onJump} />
      ${(entry?.state === "failed" || entry?.state === "held") && html`<${Trouble} entry=${entry} />`}
    </div>`;
  }
}

function Author({ uid, first, last }) {
  const name = useName(uid);
  return html`${last && html`<${Avatar} uid=${uid} name=${name} size="small" />`} ${first && html`<span class="author" dir="auto">${name}</span>`}`;
}

function Body({ message, mine, entry, conv, onMenu, onJump }) {
  const t = useT();
  const press = useRef();
  const large = message.kind === "text" && !message.reply_to && onlyEmoji(message.content);
  const open = (event) => {
    event.preventDefault();
    clearTimeout(press.current?.timer);
    const { right, bottom } = event.currentTarget.getBoundingClientRect();
    onMenu({ message, mine, x: event.clientX || right, y: event.clientY || bottom, opener: event.currentTarget });
  };
  const touch = (event) => {
    if (event.pointerType !== "touch") return;
    const { clientX: x, clientY: y, currentTarget: opener } = event;
    const timer = setTimeout(() => onMenu({ message, mine, x, y, opener }), LONG_PRESS_MS);
    press.current = { timer, x, y };
  };
  const lift = () => clearTimeout(press.current?.timer);
  const move = ({ clientX, clientY }) => {
    const { x, y } = press.current ?? { x: clientX, y: clientY };
    if (Math.hypot(clientX - x, clientY - y) > STILL_PX) lift();
  };
  const handlers = { onContextMenu: open, onPointerDown: touch, onPointerUp: lift, onPointerMove: move, onPointerCancel: lift };
  return html`<div class="bubble-place">
    <div class=${`bubble ${large ? "large" : ""} ${entry ? entry.state : ""}`} ...${handlers}>
      ${message.reply_to && html`<${Quote} conv=${conv.conv} seq=${message.reply_to} onJump=${onJump} />`}
      <${Content} message=${message} />
      <span class="meta">
        ${message.edited && html`<span>${t("edited")}</span>`}
        <time datetime=${new Date(message.time).toISOString()} title=${full(message.time)}>${clock(message.time)}</time>
        ${mine && html`<${Mark} message=${message} entry=${entry} conv=${conv} />`}
      </span>
    </div>
    <${IconButton} icon="ellipsis" label=${t("menu.open")} class="more" onClick=${open} aria-haspopup="menu" />
  </div>`;
}

/** Text with its links. Every other kind is named, until there is a room that shows it. */
function Content({ message }) {
  if (message.kind !== "text") return html`<span class="other-kind">${summary(message)}</span>`;
  return html`<span class="words" dir="auto">${links(message.content).map(({ text, href }) =>
    href ? html`<a href=${href} target="_blank" rel="noopener noreferrer">${text}</a>` : text,
  )}</span>`;
}

function Trouble({ entry }) {
  const t = useT();
  return html`<div class=${`trouble ${entry.state}`} role=${entry.state === "failed" ? "alert" : "status"}>
    <span>${explain(entry.reason)}</span>
    <button type="button" class="link-button" onClick=${() => retry(entry.id)}>${t("retry")}</button>
    <button type="button" class="link-button" onClick=${() => discard(entry.id)}>${t("discard")}</button>
  </div>`;
}
