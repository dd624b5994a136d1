/** One call: what it takes, what it gives, with what it may refuse, and how to make it. */
import { html, useState } from "../vendor/preact-htm.js";
import { Fields, typeText } from "./fields.js";
import { line, Prose } from "./prose.js";
import { t } from "./say.js";

const COPIED_MS = 1_500;

export function Call({ call }) {
  const { id, method, path, summary, text, token, parameters, body, answer, also, refusals, example } = call;
  return html`<article class="call" id=${id}>
    <h3>
      <a href=${`#${id}`}><${Method} method=${method} /> <span class="path">${breakable(path)}</span></a>
      <span class=${token ? "who token" : "who"}>${t(token ? "token" : "anyone")}</span>
    </h3>
    <p class="summary">${line(summary)}</p>
    <${Prose} text=${text} />
    <div class="halves">
      <div>
        ${parameters.length > 0 && html`<h4>${t("parameters")}</h4><${Fields} fields=${parameters} />`}
        ${body && html`<h4>${t("body")} <small>${t("body.kinds")}</small></h4><${Fields} fields=${body} />`}
        <${Answer} answer=${answer} />
        ${also.map(({ status, text: when }) => html`<p class="also"><b>${status}</b> ${line(when)}</p>`)}
        <${Refusals} refusals=${refusals} />
      </div>
      <div>
        <${Code} title=${t("example")} text=${example} />
        ${answer.sample && html`<${Code} title=${`${t("answer")} ${answer.status}`} text=${pretty(answer.sample)} />`}
      </div>
    </div>
  </article>`;
}

function pretty(value) {
  return JSON.stringify(value, null, 2);
}

export function Method({ method }) {
  return html`<span class=${`method ${method}`}>${method.toUpperCase()}</span>`;
}

/** A long path breaks before a slash, not in a word. */
export function breakable(path) {
  return path.split(/(?=\/)/).map((piece) => html`${piece}<wbr />`);
}

function Answer({ answer: { status, media, data } }) {
  const about = data ? t("answer.data") : (media ?? t("answer.none"));
  return html`<h4>${t("answer")} <b class="good">${status}</b> <small>${about}</small></h4>
    ${data && html`<p class="type">${typeText(data.type)}</p>`}
    ${data?.fields.length > 0 && html`<${Fields} fields=${data.fields} />`}`;
}

function Refusals({ refusals }) {
  return html`<details class="refusals">
    <summary><h4>${t("refusals")}</h4> ${refusals.map(({ status }) => html`<span>${status}</span> `)}</summary>
    <dl>
      ${refusals.map(({ status, words }) => words.map(
        ({ word, text }) => html`<dt><b>${status}</b> <code>${word}</code></dt><dd>${text}</dd>`,
      ))}
    </dl>
  </details>`;
}

function Code({ title, text }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), COPIED_MS);
  };
  return html`<figure>
    <figcaption>${title}<button type="button" onClick=${copy}>${t(copied ? "copied" : "copy")}</button></figcaption>
    <pre tabindex="0"><code>${text}</code></pre>
  </figure>`;
}
