/** The last part of the settings: taking my data with me, and ending the account. */
import { html, useState } from "../../vendor/preact-htm.js";
import { exportMine } from "../account.js";
import { toast } from "../acts.js";
import { explain, useT } from "../i18n.js";
import { sizeText } from "../media.js";
import { set } from "../store.js";
import { Icon, Spinner } from "./parts.js";

export function Account() {
  const t = useT();
  return html`<section>
    <h3>${t("settings.account")}</h3>
    <${Export} />
    <button type="button" class="button danger" onClick=${() => set({ dialog: { name: "deletion" } })}><${Icon} name="trash-2" /> ${t("deletion.do")}</button>
  </section>`;
}

function Export() {
  const t = useT();
  const [bytes, setBytes] = useState(null);
  const [refusal, setRefusal] = useState(null);
  const busy = bytes !== null;
  const start = async () => {
    setRefusal(null);
    setBytes(0);
    try {
      toast(t("export.done", { name: await exportMine(setBytes) }));
    } catch (problem) {
      setRefusal(problem);
    }
    setBytes(null);
  };
  const note = refusal ? (t(`export.${refusal.error}`) ?? explain(refusal)) : t("export.text");
  return html`<div class="export">
    <button type="button" class="button" aria-describedby="note-export" disabled=${busy} onClick=${start}>
      ${busy ? html`<${Spinner} /> ${t("export.busy", { size: sizeText(bytes) })}` : html`<${Icon} name="download" /> ${t("export.do")}`}
    </button>
    <p id="note-export" class=${refusal ? "form-error" : "small-print"} role=${refusal ? "alert" : undefined}>${note}</p>
  </div>`;
}
