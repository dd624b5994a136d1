/** The line that a message answers; a click jumps to it. */
import { html, useEffect, useState } from "../../vendor/preact-htm.js";
import { api, convPath } from "../api.js";
import { useT } from "../i18n.js";
import { useStickers } from "../stickers.js";
import { useStore } from "../store.js";
import { nameOf, summary } from "../words.js";

/** The message of a seq, from the thread or else from the server; null while it is not known. */
function useMessage(conv, seq) {
  const loaded = useStore((state) => state.threads[conv]?.items.find((message) => message.seq === seq));
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
  useStore((state) => state.users);
  const message = useMessage(conv, seq);
  useStickers(message?.kind === "sticker");
  return html`<button type="button" class="quote" aria-label=${t("quote.jump")} onClick=${() => onJump?.(seq)}>
    <b dir="auto">${message ? (nameOf(message.from) ?? "…") : "…"}</b>
    <span dir="auto">${message ? summary(message) : "…"}</span>
  </button>`;
}
