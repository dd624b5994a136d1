/** The line that a message answers; a click jumps to it. */
import { html, useEffect, useState } from "../../vendor/preact-htm.js";
import { api, convPath } from "../api.js";
import { useT } from "../i18n.js";
import { messageAt } from "../log.js";
import { mediaUrl } from "../media.js";
import { useStickers } from "../stickers.js";
import { useStore } from "../store.js";
import { nameOf, summary } from "../words.js";

/** The message of a seq, from the thread or else from the server; null while it is not known. */
function useMessage(conv, seq) {
  const loaded = useStore((state) => messageAt(state, conv, seq));
  const [fetched, setFetched] = useState(null);
  useEffect(() => {
    if (loaded) return undefined;
    let current = true;
    const path = convPath(conv, `/messages?after=${seq - 1}&before=${seq + 1}&limit=1`);
    api.get(path).then(
      ({ messages }) => current && setFetched(messages[0] ?? null),
      () => {}, // a quote without its line is still a quote
    );
    return () => {
      current = false;
    };
  }, [conv, seq, Boolean(loaded)]);
  return loaded ?? fetched;
}

export function Quote({ conv, seq, onJump }) {
  const t = useT();
  const message = useMessage(conv, seq);
  useStickers(message?.kind === "sticker");
  return html`<button type="button" class="quote" title=${t("quote.jump")} onClick=${() => onJump?.(seq)}>
    <${Line} message=${message} />
  </button>`;
}

/** Who said it, and what, in a line; of a picture the thumb beside it. */
export function Line({ message }) {
  useT();
  useStore((state) => state.users);
  const { kind, content } = message ?? {};
  return html`
    ${kind === "image" && content && html`<img src=${mediaUrl(content, { thumb: true })} alt="" draggable=${false} />`}
    <b dir="auto">${message ? (nameOf(message.from) ?? "…") : "…"}</b>
    <span dir="auto">${message ? summary(message) : "…"}</span>
  `;
}
