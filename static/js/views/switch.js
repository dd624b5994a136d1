/** Something that is on or off, as a line to press. */
import { html } from "../../vendor/preact-htm.js";
import { Icon } from "./parts.js";

export function Switch({ icon, label, on, turn }) {
  return html`<button type="button" class="act" role="switch" aria-checked=${on} onClick=${turn}>
    <${Icon} name=${icon} /> <span class="grow">${label}</span> <span class=${`switch ${on ? "on" : ""}`}></span>
  </button>`;
}
