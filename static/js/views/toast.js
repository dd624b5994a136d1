/** A short word at the bottom that goes away by itself. */
import { html, useEffect } from "../../vendor/preact-htm.js";
import { set, useStore } from "../store.js";

const SHOWN_MS = 4_000;

export function Toast() {
  const toast = useStore((state) => state.toast);
  useEffect(() => {
    if (!toast) return undefined;
    const timer = setTimeout(() => set({ toast: null }), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [toast]);
  return html`<div class="toast-place" role="status" aria-live="polite">
    ${toast && html`<div class="toast" key=${toast.at}>${toast.text}</div>`}
  </div>`;
}
