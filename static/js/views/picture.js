/** A picture in a thread: its place is there before it is, and a click opens it. */
import { html, useState } from "../../vendor/preact-htm.js";
import { t } from "../i18n.js";
import { fitted, pictureUrl } from "../media.js";
import { set } from "../store.js";
import { forgetPreview, previewOf } from "../uploads.js";
import { Icon } from "./parts.js";
import { Progress } from "./progress.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** Draws from below to above: the blurred colours, my own file while it is on its way, the server's picture. */
export function Picture({ message, entry }) {
  const { conv, seq, id, content, meta } = message;
  const [shown, setShown] = useState(false);
  const [broken, setBroken] = useState(false);
  const [, setReplaced] = useState(false);
  const local = previewOf(id);
  const { width, height, small } = fitted(meta);
  const arrived = () => {
    setShown(true);
    if (local) setTimeout(() => (forgetPreview(id), setReplaced(true)), ARRIVED_MS);
  };
  return html`<div class=${`picture ${small ? "small" : ""}`} style=${{ "--w": `${width}px`, "--ratio": `${width} / ${height}` }}>
    ${meta.placeholder && !shown && html`<img class="blurred" src=${`data:image/webp;base64,${meta.placeholder}`} alt="" />`}
    ${local && html`<img src=${local} alt="" draggable=${false} />`}
    ${content && !broken && html`<img class=${`from-server ${shown || local ? "shown" : ""}`} src=${pictureUrl(message, { density: devicePixelRatio, still: still.matches })}
      alt="" loading="lazy" decoding="async" draggable=${false} onLoad=${arrived} onError=${() => setBroken(true)} />`}
    ${broken && html`<span class="broken"><${Icon} name="image-off" /> ${t("picture.broken")}</span>`}
    ${seq && html`<button type="button" class="picture-open" aria-label=${t("picture.open", { name: meta.name })} onClick=${() => set({ dialog: { name: "viewer", conv, seq } })}></button>`}
    ${entry?.state === "making" && html`<${Progress} id=${id} name=${meta.name} />`}
  </div>`;
}

/** The picture has come; that it is also drawn is told by nothing. */
const ARRIVED_MS = 500;
