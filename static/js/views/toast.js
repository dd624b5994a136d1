/** A short word at the bottom that goes away by itself, on what stands in front: the page below is dimmed and unheard. */
import { html, useEffect } from "../../vendor/preact-htm.js";
import { set, useStore } from "../store.js";

const SHOWN_MS = 4_000;

/** @param {number} level  how many dialogs are in front where it is drawn */
export function Toast({ level = 0 }) {
  const toast = useStore((state) => (state.fronts === level ? state.toast : null));
  useEffect(() => {
    if (!toast) return undefined;
    const timer = setTimeout(() => set({ toast: null }), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [toast]);
  return html`<div class="toast-place" role="status" aria-live="polite">
    ${toast && html`<div class="toast" key=${toast.at}>${toast.text}</div>`}
  </div>`;
}
