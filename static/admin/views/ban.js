/** The dialog that bans: for how long, and why. */
import { explain, useT } from "../../js/i18n.js";
import { full } from "../../js/time.js";
import { Modal } from "../../js/views/modal.js";
import { Spinner } from "../../js/views/parts.js";
import { html, useState } from "../../vendor/preact-htm.js";
import { FOR_EVER, ban, say } from "../people.js";
import { Segments } from "./segments.js";

const DAY = 86_400_000;
const LENGTHS = { day: DAY, week: 7 * DAY, month: 30 * DAY, ever: null, date: null };

const REASON_MAX = 500;

/** `by` does it where that is not the plain call; `reason` stands there already. */
export function Ban({ uid, who, reason: given = "", by = ban, done, close }) {
  const t = useT();
  const [length, setLength] = useState("week");
  const [date, setDate] = useState(() => local(Date.now() + DAY));
  const [reason, setReason] = useState(given);
  const [refusal, setRefusal] = useState(null);
  const [busy, setBusy] = useState(false);
  const until = untilOf(length, date);
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    if (!reason.trim()) return setRefusal({ error: "invalid_field", field: "reason", rule: "required" });
    if (!(until > Date.now())) return setRefusal({ error: "invalid_field", field: "until", rule: "range" });
    setBusy(true);
    try {
      const result = await by(uid, reason.trim(), until);
      close();
      say(t("ban.done", { name: who }));
      done?.(result);
    } catch (problem) {
      setRefusal(problem);
      setBusy(false);
    }
  };
  return html`<${Modal} title=${t("ban.title", { name: who })} close=${close} class="ban">
    <form onSubmit=${submit} novalidate aria-busy=${busy}>
      <p class="small-print">${t("ban.text")}</p>
      <div class="form-part">
        <p class="form-label">${t("ban.length")}</p>
        <${Segments} name="length" label=${t("ban.length")} value=${length} choose=${setLength} choices=${Object.keys(LENGTHS).map((id) => [id, t(`ban.${id}`)])} />
        ${length === "date" && html`<div class="field"><div class="field-box"><input type="datetime-local" name="until" aria-label=${t("ban.until")} value=${date} min=${local(Date.now())} onInput=${({ currentTarget }) => setDate(currentTarget.value)} /></div></div>`}
        <p class="field-note">${refusal?.field === "until" ? html`<span class="wrong-note" role="alert">${explain(refusal)}</span>` : until === FOR_EVER ? t("ban.ends.never") : until > 0 ? t("ban.ends", { time: full(until) }) : ""}</p>
      </div>
      <div class=${`field ${refusal?.field === "reason" ? "wrong" : ""}`}>
        <label for="ban-reason">${t("ban.reason")}</label>
        <div class="field-box"><textarea id="ban-reason" name="reason" rows="3" maxlength=${REASON_MAX} value=${reason} aria-describedby="ban-note" onInput=${({ currentTarget }) => setReason(currentTarget.value)}></textarea></div>
        <p class="field-note" id="ban-note">${refusal?.field === "reason" ? explain(refusal) : t("ban.reason.hint")}</p>
      </div>
      ${refusal && !["reason", "until"].includes(refusal.field) && html`<p class="form-error" role="alert">${refusal.error === "forbidden" ? t("ban.forbidden") : explain(refusal)}</p>`}
      <footer class="modal-foot">
        <button type="button" class="button" onClick=${close}>${t("cancel")}</button>
        <button type="submit" class="button danger" disabled=${busy}>${busy ? html`<${Spinner} />` : t("ban.do")}</button>
      </footer>
    </form>
  <//>`;
}

function untilOf(length, date) {
  if (length === "ever") return FOR_EVER;
  return length === "date" ? new Date(date).getTime() : Date.now() + LENGTHS[length];
}

/** As the browser's own field of a date and a time has it. */
function local(time) {
  const moved = new Date(time - new Date(time).getTimezoneOffset() * 60_000);
  return moved.toISOString().slice(0, 16);
}
