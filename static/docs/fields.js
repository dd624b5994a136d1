/** Fields with their types and rules; an object inside can be opened. */
import { html } from "../vendor/preact-htm.js";
import { line } from "./prose.js";
import { t } from "./say.js";

export function Fields({ fields }) {
  return html`<ul class="fields">${fields.map((field) => html`<${Field} ...${field} />`)}</ul>`;
}

function Field({ name, place, required, text, type, rules, fields }) {
  return html`<li>
    <p class="field-head">
      <code class="name">${name}</code>
      <span class="type">${typeText(type)}</span>
      ${place && html`<span class="place">${place}</span>`}
      ${required === false && html`<span class="optional">${t("optional")}</span>`}
      ${rules.map((rule) => html`<span class="rule">${ruleText(rule)}</span>`)}
    </p>
    ${text && html`<p class="field-text">${line(text)}</p>`}
    ${fields.length > 0 && html`<details><summary>${insideName(type)}</summary><${Fields} fields=${fields} /></details>`}
  </li>`;
}

export function typeText({ name, list, map, any, nullable }) {
  let text = name;
  if (list) text = t("list.of", { type: typeText(list) });
  if (map) text = t("map.of", { type: typeText(map) });
  if (any) text = any.map(typeText).join(" | ");
  return nullable ? `${text} ${t("null")}` : text;
}

export function insideName({ name, list, map }) {
  return name ?? insideName(list ?? map);
}

function ruleText({ key, words, pattern, ...values }) {
  if (pattern) return html`<code>${pattern}</code>`;
  if (!words) return t(key, values);
  return html`${t(key)}${words.map((word) => html` <code>${word}</code>`)}`;
}
