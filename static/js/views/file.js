/** A file in a thread: what it is, its name and size; a click saves it. */
import { html } from "../../vendor/preact-htm.js";
import { t } from "../i18n.js";
import { fileIcon, halves, mediaUrl, sizeText } from "../media.js";
import { useStore } from "../store.js";
import { Icon } from "./parts.js";
import { Progress } from "./progress.js";

export function File({ message, entry }) {
  const { id, content, meta } = message;
  const { name, size } = meta;
  const going = entry?.state === "making";
  const inside = html`
    ${going ? html`<${Progress} id=${id} name=${name} />` : html`<span class="file-icon"><${Icon} name=${fileIcon(meta)} /></span>`}
    <span class="file-text"><${FileName} name=${name} /><span class="file-size">${going ? html`<${Going} id=${id} size=${size} />` : sizeText(size)}</span></span>
  `;
  if (!content) return html`<div class="file" title=${name}>${inside}</div>`;
  return html`<a class="file" href=${mediaUrl(content)} download=${name} title=${name} draggable=${false}>
    <span class="file-inside" aria-hidden="true">${inside}</span><span class="unseen">${t("file.save", { name, size: sizeText(size) })}</span>
  </a>`;
}

function Going({ id, size }) {
  const percent = useStore((state) => state.uploads[id] ?? 0);
  return t("upload.of", { gone: sizeText((size * percent) / 100), size: sizeText(size) });
}

/** A long name loses its middle, so that its ending stays. */
export function FileName({ name }) {
  const [head, tail] = halves(name);
  return html`<span class="file-name" dir="auto"><span>${head}</span>${tail && html`<span class="tail">${tail}</span>`}</span>`;
}
