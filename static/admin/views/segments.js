/** A few values to choose one from, as a row of radio buttons. */
import { html } from "../../vendor/preact-htm.js";

export function Segments({ name, label, value, choices, choose }) {
  return html`<div class="segments" role="radiogroup" aria-label=${label}>
    ${choices.map(([id, text]) => html`<label key=${id} class=${id === value ? "on" : ""}>
      <input type="radio" name=${name} value=${id} checked=${id === value} onChange=${() => choose(id)} /> ${text}
    </label>`)}
  </div>`;
}
