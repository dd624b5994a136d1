/** The dialog that reports a message to the administrators of the server. */
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { toast } from "../acts.js";
import { api, convPath } from "../api.js";
import { explain, useT } from "../i18n.js";
import { Modal } from "./modal.js";
import { Spinner } from "./parts.js";
import { Line } from "./quote.js";

const REASON_MAX = 500;

export function Reporting({ message, close }) {
  const t = useT();
  const [reason, setReason] = useState("");
  const [refusal, setRefusal] = useState(null);
  const [busy, setBusy] = useState(false);
  const box = useRef();
  useEffect(() => {
    if (refusal) box.current.focus();
  }, [refusal]);
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    if (!reason.trim()) return setRefusal({ error: "invalid_field", field: "reason", rule: "required" });
    setBusy(true);
    try {
      await api.post(convPath(message.conv, `/messages/${message.seq}/report`), { reason: reason.trim() });
      close();
      toast(t("report.done"));
    } catch (problem) {
      setRefusal(problem);
      setBusy(false);
    }
  };
  return html`<${Modal} title=${t("report.title")} close=${close} class="small" inside=${true}>
    <form onSubmit=${submit} novalidate aria-busy=${busy}>
      <div class="quote of-forward"><${Line} message=${message} /></div>
      <div class=${`field ${refusal ? "wrong" : ""}`}>
        <label for="report-reason">${t("report.reason")}</label>
        <div class="field-box"><textarea ref=${box} id="report-reason" name="reason" rows="3" maxlength=${REASON_MAX} value=${reason} autofocus aria-describedby="report-note"
          aria-invalid=${Boolean(refusal)} onInput=${({ currentTarget }) => setReason(currentTarget.value)}></textarea></div>
        <p class="field-note" id="report-note" role=${refusal ? "alert" : undefined}>${refusal ? explain(refusal) : t("report.text")}</p>
      </div>
      <footer class="modal-foot">
        <button type="button" class="button" onClick=${close}>${t("cancel")}</button>
        <button type="submit" class="button danger" disabled=${busy}>${busy ? html`<${Spinner} />` : t("report.do")}</button>
      </footer>
    </form>
  <//>`;
}
