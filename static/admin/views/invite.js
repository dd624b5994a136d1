/** The dialog that makes an invitation: for how many and how long, and then its code to pass on. */
import { api } from "../../js/api.js";
import { explain, useT } from "../../js/i18n.js";
import { Modal } from "../../js/views/modal.js";
import { Icon, Spinner } from "../../js/views/parts.js";
import { html, useState } from "../../vendor/preact-htm.js";
import { say } from "../people.js";
import { Segments } from "./segments.js";

const DAY = 86_400_000;
const USES = { one: 1, ten: 10, any: null };
const LIVES = { day: DAY, week: 7 * DAY, ever: null };

export function Invite({ close }) {
  const t = useT();
  const [uses, setUses] = useState("one");
  const [life, setLife] = useState("week");
  const [code, setCode] = useState(null);
  const [refusal, setRefusal] = useState(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    const until = LIVES[life] && Date.now() + LIVES[life];
    try {
      const made = await api.post("/api/admin/invites", { ...(USES[uses] && { uses: USES[uses] }), ...(until && { until }) });
      setCode(made.code);
    } catch (problem) {
      setRefusal(problem);
      setBusy(false);
    }
  };
  if (code) return html`<${Code} code=${code} close=${close} />`;
  return html`<${Modal} title=${t("invite.title")} close=${close} class="ban">
    <form onSubmit=${submit} aria-busy=${busy}>
      <p class="small-print">${t("invite.text")}</p>
      <div class="form-part"><p class="form-label">${t("invite.uses")}</p>
        <${Segments} name="uses" label=${t("invite.uses")} value=${uses} choose=${setUses} choices=${Object.keys(USES).map((id) => [id, t(`invite.uses.${id}`)])} /></div>
      <div class="form-part"><p class="form-label">${t("invite.life")}</p>
        <${Segments} name="life" label=${t("invite.life")} value=${life} choose=${setLife} choices=${Object.keys(LIVES).map((id) => [id, t(`invite.life.${id}`)])} /></div>
      ${refusal && html`<p class="form-error" role="alert">${explain(refusal)}</p>`}
      <footer class="modal-foot">
        <button type="button" class="button" onClick=${close}>${t("cancel")}</button>
        <button type="submit" class="button primary" disabled=${busy}>${busy ? html`<${Spinner} />` : t("invite.do")}</button>
      </footer>
    </form>
  <//>`;
}

/** It is shown this once: the server keeps it, but tells it to nobody again. */
function Code({ code, close }) {
  const t = useT();
  const copy = () => navigator.clipboard.writeText(code).then(() => say(t("invite.copied")), () => say(t("invite.copy.failed")));
  return html`<${Modal} title=${t("invite.made")} close=${close} class="ban">
    <p class="small-print">${t("invite.once")}</p>
    <div class="field-box"><input class="invite-code" readonly value=${code} aria-label=${t("invite.made")} onFocus=${(event) => event.currentTarget.select()} /></div>
    <footer class="modal-foot">
      <button type="button" class="button" onClick=${copy}><${Icon} name="copy" /> ${t("invite.copy")}</button>
      <button type="button" class="button primary" onClick=${close}>${t("invite.close")}</button>
    </footer>
  <//>`;
}
