/** The box to write in. What stands in it is the draft in the state, so nothing typed is ever only here. */
import { html, useEffect, useLayoutEffect, useRef } from "../../vendor/preact-htm.js";
import { block, send, typing } from "../acts.js";
import { peerOf } from "../convs.js";
import { keepDraft } from "../drafts.js";
import { useT } from "../i18n.js";
import { useStore } from "../store.js";
import { MAX_LENGTH, length } from "../text.js";
import { nameOf } from "../words.js";
import { Icon, IconButton } from "./parts.js";
import { Quote } from "./quote.js";

/** The counter appears when so many characters are left. */
const COUNTER_FROM = 200;

const NO_DRAFT = Object.freeze({ text: "" });

export function Composer({ conv: { conv } }) {
  const t = useT();
  const draft = useStore((state) => state.drafts[conv]) ?? NO_DRAFT;
  const box = useRef();
  const { text, reply_to } = draft;
  const left = MAX_LENGTH - (text.length > MAX_LENGTH - COUNTER_FROM ? length(text) : text.length);
  const sendable = text.trim() !== "" && left >= 0;

  useLayoutEffect(() => grow(box.current), [text]);
  useEffect(() => {
    // On a phone the keyboard would cover the thread that one came to read.
    if (matchMedia("(hover: hover)").matches) box.current.focus();
  }, []);

  const submit = () => {
    if (!sendable) return;
    send(conv, text, reply_to);
    box.current.focus();
  };
  const input = ({ currentTarget }) => {
    keepDraft(conv, { ...draft, text: currentTarget.value });
    if (currentTarget.value.trim()) typing(conv);
  };
  const key = (event) => {
    // While an input method composes, Enter belongs to it. Safari ends composing before the key arrives,
    // with the key code 229.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape" && reply_to) keepDraft(conv, { text });
  };

  return html`<footer class="composer">
    <${Blocked} conv=${conv} />
    ${reply_to && html`<div class="replying">
      <${Icon} name="reply" />
      <${Quote} conv=${conv} seq=${reply_to} />
      <${IconButton} icon="x" label=${t("reply.cancel")} onClick=${() => (keepDraft(conv, { text }), box.current.focus())} />
    </div>`}
    <div class="composer-line">
      <div class="composer-box">
        <textarea ref=${box} rows="1" value=${text} placeholder=${t("composer.placeholder")} aria-label=${t("composer.placeholder")}
          enterkeyhint="send" dir="auto" onInput=${input} onKeyDown=${key}></textarea>
        ${left < COUNTER_FROM && html`<span class=${`counter ${left < 0 ? "over" : ""}`} role="status">${left}</span>`}
      </div>
      <button type="button" class="send" aria-label=${t("composer.send")} title=${t("composer.send")} disabled=${!sendable} onClick=${submit}>
        <${Icon} name="send-horizontal" />
      </button>
    </div>
  </footer>`;
}

/** Grows with the text; the style sheet says up to where. */
function grow(box) {
  box.style.setProperty("height", "auto");
  box.style.setProperty("height", `${box.scrollHeight}px`);
}

function Blocked({ conv }) {
  const t = useT();
  const me = useStore((state) => state.me.uid);
  const uid = peerOf(conv, me);
  const blocked = useStore((state) => state.blocked.includes(uid));
  if (!blocked) return null;
  return html`<div class="strip">
    <${Icon} name="ban" /> <span>${t("block.strip", { name: nameOf(uid) ?? "…" })}</span>
    <button type="button" class="link-button" onClick=${() => block(uid, false)}>${t("block.undo")}</button>
  </div>`;
}
