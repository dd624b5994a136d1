/** The reactions under a message: how many, whose, and a click that joins them or leaves. */
import { html } from "../../vendor/preact-htm.js";
import { react } from "../acts.js";
import { useT } from "../i18n.js";
import { altOf, isSticker, useStickers } from "../stickers.js";
import { useStore } from "../store.js";
import { namesOf } from "../words.js";
import { Icon } from "./parts.js";
import { Sticker } from "./sticker.js";

/** Names in the tooltip; of more it says how many. */
const NAMES = 12;

const STICKER_PX = 28;

export function Reactions({ message, onMore }) {
  const t = useT();
  return html`<div class="reactions">
    ${message.reactions.map((reaction) => html`<${Chip} key=${reaction.emoji} message=${message} ...${reaction} />`)}
    <button type="button" class="reaction add" aria-label=${t("menu.react")} title=${t("menu.react")} aria-haspopup="menu" onClick=${onMore}><${Icon} name="smile-plus" /></button>
  </div>`;
}

function Chip({ message, emoji, count, uids }) {
  const t = useT();
  const me = useStore((state) => state.me.uid);
  useStore((state) => state.users);
  const mine = uids.includes(me);
  const names = namesOf(uids, NAMES) ?? "…";
  const sticker = isSticker(emoji);
  useStickers(sticker);
  const said = sticker ? altOf(emoji) || t("kind.sticker") : emoji;
  return html`<button type="button" class=${`reaction ${mine ? "mine" : ""} ${sticker ? "with-sticker" : ""}`} aria-pressed=${mine} title=${names}
    aria-label=${t("react.chip", { emoji: said, n: count, names })} onClick=${() => react(message, emoji)}>
    <span aria-hidden="true">${sticker ? html`<${Sticker} name=${emoji} size=${STICKER_PX} label=${false} />` : emoji}</span> <span class="counter-of">${count}</span>
  </button>`;
}
