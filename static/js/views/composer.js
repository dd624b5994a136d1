/** The box to write in. What stands in it is the draft in the state, so nothing typed is ever only here. */
import { html, useEffect, useLayoutEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { block, edit, endEdit, leaveEdit, startEdit, toast, typing } from "../acts.js";
import { peerOf } from "../convs.js";
import { keepDraft } from "../drafts.js";
import { useT } from "../i18n.js";
import { messageAt } from "../log.js";
import { get, useStore } from "../store.js";
import { MAX_LENGTH, length } from "../text.js";
import { emptyTray, sendAll, sendVoice, sendable as goes, trayOf } from "../tray.js";
import { nameOf } from "../words.js";
import { Attach } from "./attach.js";
import { later } from "./later.js";
import { Mentioning, useMentioning } from "./mentioning.js";
import { useInserting } from "./panelplace.js";
import { Icon, IconButton, Spinner, mayFocus, useFocusAfter } from "./parts.js";
import { Quote } from "./quote.js";
import { MicButton, RecordingBar, Refused, SendVoice, useRecording } from "./recording.js";
import { Silenced, useSilence } from "./silenced.js";

/** The counter appears when so many characters are left. */
const COUNTER_FROM = 200;

/** My newest message can be taken up again by one key, as long as the server would take the change. */
const EDIT_MS = 15 * 60_000;

const Tray = later(async () => (await import("./tray.js")).Tray);

const NO_DRAFT = Object.freeze({ text: "" });

export function Composer({ conv }) {
  const silence = useSilence(conv);
  return silence ? html`<${Silenced} ...${silence} />` : html`<${Box} conv=${conv} />`;
}

function Box({ conv: { conv } }) {
  const t = useT();
  const draft = useStore((state) => state.drafts[conv]) ?? NO_DRAFT;
  const box = useRef();
  const { text, reply_to } = draft;
  const editing = Boolean(draft.edit);
  const left = MAX_LENGTH - (text.length > MAX_LENGTH - COUNTER_FROM ? length(text) : text.length);
  const tray = useStore((state) => trayOf(state, conv));
  const files = useStore((state) => !editing && goes(tray, state.limits));
  const [saving, setSaving] = useState(null); // the draft of which the server has not said whether it takes it
  const busy = editing && saving === draft;
  const sendable = (text.trim() !== "" || files) && left >= 0 && !busy;
  const mentioning = useMentioning(conv, box, draft);
  const inserting = useInserting(conv, box);
  const sentAt = useRef(0);
  const recording = useRecording((voice) => sendVoice(conv, voice));
  useFocusAfter(recording.on, () => (mayFocus() ? box.current : null));
  useEdited(conv, draft);

  useLayoutEffect(() => grow(box.current), [text]);
  const focus = () => box.current?.focus();
  const ready = () => mayFocus() && focus();
  useEffect(() => {
    if (!text && draft.kept && !editing) endEdit(conv);
    ready();
  }, []);

  const save = async () => {
    setSaving(draft);
    await edit(conv, draft);
    setSaving(null);
  };
  const submit = () => {
    if (left < 0) toast(t("composer.over", { n: -left }));
    if (!sendable) return;
    sentAt.current = Date.now();
    if (editing) save();
    else sendAll(conv, draft);
    focus();
  };
  const input = ({ currentTarget }) => {
    keepDraft(conv, { ...draft, text: currentTarget.value });
    mentioning.look();
    if (currentTarget.value.trim() && !editing) typing(conv);
  };
  const key = (event) => {
    // While an input method composes, Enter belongs to it. Safari ends composing before the key arrives,
    // with the key code 229.
    if (event.isComposing || event.keyCode === 229 || mentioning.key(event) || inserting.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape" && (editing || draft.kept)) endEdit(conv);
    else if (event.key === "Escape" && tray.length) emptyTray(conv);
    else if (event.key === "Escape" && reply_to) keepDraft(conv, { ...draft, reply_to: undefined });
    else if (event.key === "ArrowUp" && !text && !editing && editNewest(conv)) event.preventDefault();
  };

  return html`<footer class="composer">
    <${Blocked} conv=${conv} />
    ${editing
      ? html`<${Above} icon="pencil" label=${t("edit.cancel")} end=${() => (endEdit(conv), box.current.focus())}><span class="grow editing">${t("edit.title")}</span><//>`
      : reply_to && html`<${Above} icon="reply" label=${t("reply.cancel")} end=${() => (keepDraft(conv, { ...draft, reply_to: undefined }), box.current.focus())}><${Quote} conv=${conv} seq=${reply_to} /><//>`}
    ${!editing && tray.length > 0 && html`<${Tray} conv=${conv} ready=${ready} close=${() => emptyTray(conv)} />`}
    <${Refused} recording=${recording} />
    <div class=${`composer-line ${recording.on ? "recording" : ""}`} onKeyDown=${(event) => event.key === "Escape" && recording.on && recording.cancel()}>
      ${recording.on && html`<${RecordingBar} recording=${recording} close=${recording.cancel} />`}
      ${!editing && html`<${Attach} conv=${conv} ready=${ready} />`}
      <div class="composer-box">
        <${Mentioning} ...${mentioning} />
        <textarea ref=${box} rows="1" value=${text} placeholder=${t("composer.placeholder")} aria-label=${t("composer.placeholder")}
          enterkeyhint="send" dir="auto" onInput=${input} onKeyDown=${key} onClick=${mentioning.look} onFocus=${inserting.onFocus} onBlur=${mentioning.close} ...${mentioning.told}></textarea>
        <div class="composer-tools">
          ${left < COUNTER_FROM && html`<span class=${`counter ${left < 0 ? "over" : ""}`} role="status">${left}</span>`}
          ${inserting.button}
        </div>
      </div>
      ${recording.on && !recording.held
        ? html`<${SendVoice} key="voice" send=${() => ((sentAt.current = Date.now()), recording.finish())} />`
        : editing || tray.length || text ? html`<${SendButton} key="send" editing=${editing} busy=${busy} disabled=${!sendable} submit=${submit} />` : html`<${MicButton} key="mic" recording=${recording} sentAt=${sentAt} />`}
    </div>
    ${inserting.panel}
  </footer>`;
}

/** A change whose answer was lost is over once it is seen to have been made; what was recalled meanwhile cannot be changed. */
function useEdited(conv, { edit: seq, text }) {
  const message = useStore((state) => seq && messageAt(state, conv, seq));
  const begun = useRef({}); // the message as it was then
  useEffect(() => {
    if (begun.current.seq !== message?.seq) begun.current = { ...message };
    if (!message) return;
    const made = message.edited !== begun.current.edited && message.content === text;
    if (made) endEdit(conv);
    else if (message.kind === "recalled") leaveEdit(conv, begun.current.content);
  }, [message]);
}

function SendButton({ editing, busy, disabled, submit }) {
  const t = useT();
  const label = t(editing ? "edit.save" : "composer.send");
  return html`<button type="button" class="send" aria-label=${label} title=${label} aria-busy=${busy} disabled=${disabled} onClick=${submit}>
    ${busy ? html`<${Spinner} />` : html`<${Icon} name=${editing ? "check" : "send-horizontal"} />`}
  </button>`;
}

/** What the next message is to be: an answer, or another text for one of mine. */
function Above({ icon, label, end, children }) {
  return html`<div class="replying"><${Icon} name=${icon} /> ${children} <${IconButton} icon="x" label=${label} onClick=${end} /></div>`;
}

function editNewest(conv) {
  const { me, outbox, threads } = get();
  if (outbox[conv]?.length) return false; // the newest is on its way, and an older one is not meant
  const newest = threads[conv]?.items.findLast(({ from, kind }) => from === me.uid && kind === "text");
  if (!newest || Date.now() - newest.time >= EDIT_MS) return false;
  startEdit(newest);
  return true;
}

const GROWS = CSS.supports("field-sizing: content");

/** Grows with the text, where the style sheet cannot make it; that says up to where. */
function grow(box) {
  if (GROWS) return; // without a layout for each key
  box.style.setProperty("height", "auto");
  box.style.setProperty("height", `${box.scrollHeight + box.offsetHeight - box.clientHeight}px`);
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
