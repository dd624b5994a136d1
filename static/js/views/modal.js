/** A window in front of the page: the browser's own dialog keeps the focus inside and gives it back. */
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";
import { useCover } from "./cover.js";
import { IconButton } from "./parts.js";

let count = 0;

/** The focus begins at the title, or, with `inside`, at the first part that has `autofocus` itself. `place`: it has an address. */
export function Modal({ title, close, children, class: more = "", plain = false, inside = false, place = false }) {
  const t = useT();
  const box = useRef();
  useCover(close, !place);
  const [id] = useState(() => `modal-title-${++count}`); // one may stand before another
  useEffect(() => {
    const dialog = box.current;
    const opener = document.activeElement;
    dialog.showModal();
    return () => {
      dialog.close();
      opener?.focus?.({ preventScroll: true });
    };
  }, []);
  const cancel = (event) => {
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
  </dialog>`;
}
