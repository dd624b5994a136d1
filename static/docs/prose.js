/** The little markup that descriptions have: paragraphs, and `code` between backticks. */
import { html } from "../vendor/preact-htm.js";

export function line(text) {
  return text.split("`").map((part, index) => (index % 2 ? html`<code>${part}</code>` : part));
}

export function Prose({ text }) {
  if (!text) return null;
  return html`<div class="prose">${text.split("\n\n").map((part) => html`<p>${line(part)}</p>`)}</div>`;
}
