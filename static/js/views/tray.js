/** Above the box: the files that were chosen, to be looked at once more before they are sent. */
import { html } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";
import { fileIcon, sizeText } from "../media.js";
import { useStore } from "../store.js";
import { emptyTray, problemOf, takeOut, trayOf } from "../tray.js";
import { FileName } from "./file.js";
import { Icon, IconButton } from "./parts.js";

/** @param {{conv: string, ready: () => void}} props  ready: the focus may go back to the box */
export function Tray({ conv, ready }) {
  const t = useT();
  const items = useStore((state) => trayOf(state, conv));
  const limits = useStore((state) => state.limits);
  const remove = (id) => {
    takeOut(conv, id);
    ready();
  };
  return html`<section class="tray" aria-label=${t("tray.title", { n: items.length })}>
    <header><h2>${t("tray.title", { n: items.length })}</h2>
      <button type="button" class="link-button" onClick=${() => (emptyTray(conv), ready())}>${t("tray.empty")}</button></header>
    <ul class=${items.length === 1 ? "alone" : ""}>${items.map((item) => html`<${Card} key=${item.id} item=${item} problem=${problemOf(item, limits)} remove=${() => remove(item.id)} />`)}</ul>
  </section>`;
}

function Card({ item, problem, remove }) {
  const t = useT();
  const { kind, url, file, meta } = item;
  const { name, size } = meta;
  return html`<li class=${problem ? "wrong" : ""}>
    ${kind === "image" ? html`<img src=${url} alt="" draggable=${false} />` : html`<span class="file-icon"><${Icon} name=${fileIcon({ mime: file.type, name })} /></span>`}
    <span class="file-text" title=${name}><${FileName} name=${name} /><span class="file-size" role=${problem ? "alert" : undefined}>${problem ?? sizeText(size)}</span></span>
    <${IconButton} icon="x" label=${t("tray.remove", { name })} onClick=${remove} />
  </li>`;
}
