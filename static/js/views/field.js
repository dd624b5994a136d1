/** One labelled input with its hint, or in its place what is wrong. A password can be shown. */
import { html, useState } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";
import { IconButton } from "./parts.js";

export function Field({ name, label, value, onInput, error, hint, type = "text", ...rest }) {
  const t = useT();
  const [shown, setShown] = useState(false);
  const secret = type === "password";
  const note = error || hint;
  return html`<div class=${`field ${error ? "wrong" : ""}`}>
    <label for=${`field-${name}`}>${label}</label>
    <div class="field-box">
      <input id=${`field-${name}`} name=${name} type=${secret && shown ? "text" : type} value=${value} onInput=${onInput}
        aria-invalid=${Boolean(error)} aria-describedby=${note ? `note-${name}` : undefined} ...${rest} />
      ${secret && html`<${IconButton} icon=${shown ? "eye-off" : "eye"} label=${t(shown ? "field.hide" : "field.show")} aria-pressed=${shown} onClick=${() => setShown(!shown)} />`}
    </div>
    ${note && html`<p class="field-note" id=${`note-${name}`} role=${error ? "alert" : undefined}>${note}</p>`}
  </div>`;
}
