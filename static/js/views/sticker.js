/** A sticker as a picture, with its place kept free from the start. */
import { html, useState } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";
import { useStickers } from "../stickers.js";

/** `name` is `pack/name`, `size` in pixels. What cannot be shown is named. */
export function Sticker({ name, size, label = true }) {
  const t = useT();
  const stickers = useStickers(true);
  const [broken, setBroken] = useState(false);
  const sticker = stickers?.known[name];
  if (sticker && !broken) {
    return html`<img class="sticker" src=${sticker.url} width=${size} height=${size} alt=${label ? sticker.alt : ""} draggable=${false} decoding="async" onError=${() => setBroken(true)} />`;
  }
  const waiting = !stickers;
  return html`<svg class=${`sticker ${waiting ? "waiting" : "missing"}`} width=${size} height=${size} viewBox="-38 -38 100 100" role="img" aria-label=${label ? sticker?.alt || t("kind.sticker") : undefined} aria-hidden=${!label}>
    ${!waiting && html`<use href="#icon-sticker" width="24" height="24" />`}
  </svg>`;
}
