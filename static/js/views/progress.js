/** How far an upload has come, as a ring with a cross that gives it up. */
import { html } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";
import { useStore } from "../store.js";
import { cancelUpload } from "../uploads.js";
import { Icon } from "./parts.js";

/** The ring's length in its own units: 2 π r. */
const RING = 100;
const RADIUS = RING / (2 * Math.PI);

export function Progress({ id, name }) {
  const t = useT();
  const percent = useStore((state) => state.uploads[id]);
  // Before its turn, and while the server looks at what has come, there is nothing to count.
  const waits = percent === undefined || percent >= 100;
  return html`<span class=${`progress ${waits ? "waits" : ""}`}>
    <span class="unseen" role="progressbar" aria-label=${t("upload.going", { name })} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${waits ? undefined : percent}></span>
    <button type="button" aria-label=${t("upload.cancel", { name })} title=${t("cancel")} onClick=${() => cancelUpload(id)}>
      <svg class="ring" viewBox="0 0 40 40" aria-hidden="true">
        <circle cx="20" cy="20" r=${RADIUS} />
        <circle class="done" cx="20" cy="20" r=${RADIUS} style=${{ strokeDashoffset: waits ? RING * 0.75 : RING - percent }} />
      </svg>
      <${Icon} name="x" />
    </button>
  </span>`;
}
