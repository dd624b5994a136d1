/** A window in front of the page, with a title and a way to close it. */
import { html, useRef, useState } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";
import { useCover } from "./cover.js";
import { useFront } from "./front.js";
import { IconButton } from "./parts.js";
import { Toast } from "./toast.js";

let count = 0;

/** The focus begins at the title, or, with `inside`, at the first part that has `autofocus` itself. `place`: it has an address. */
export function Modal({ title, close, children, class: more = "", plain = false, inside = false, place = false }) {
  const t = useT();
  const box = useRef();
  useCover(close, !place);
  const [id] = useState(() => `modal-title-${++count}`); // one may stand before another
  const level = useFront(box);
  const cancel = (event) => {
    if (event.target !== box.current) return; // of choosing a file, which says the same
    event.preventDefault();
    close();
  };
  return html`<dialog class=${`modal ${more}`} ref=${box} aria-labelledby=${id} onCancel=${cancel}
    onPointerDown=${(event) => event.target === box.current && !plain && close()}>
    <div class="modal-body">
      <header class="modal-head">
        <h2 id=${id} tabindex="-1" autofocus=${!inside}>${title}</h2>
        ${!plain && html`<${IconButton} icon="x" label=${t("close")} onClick=${close} />`}
      </header>
      ${children}
    </div>
    <${Toast} level=${level} />
  </dialog>`;
}
