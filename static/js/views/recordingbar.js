/** In the place of the box while one speaks: how loud it is, for how long already, and the ways out. */
import { html } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";
import { lengthText } from "../media.js";
import { IconButton } from "./parts.js";
import { SHOWN } from "./recording.js";

/** From here on the time that is left is said. */
const LAST_MS = 10_000;

export function RecordingBar({ recording }) {
  const t = useT();
  const { ms, most, levels, held, full } = recording;
  const left = most - ms;
  const quiet = Array.from({ length: SHOWN - levels.length }, () => 0);
  return html`<div class="recording-bar" role="group" aria-label=${t("voice.recording")}>
    <${IconButton} icon="trash-2" label=${t("voice.cancel")} class="round" onClick=${recording.cancel} />
    <span class=${`recording-dot ${full ? "full" : ""}`} aria-hidden="true"></span>
    <span class="recording-time" role="timer">${lengthText(Math.floor(ms / 1000) * 1000)}</span>
    <span class="levels" aria-hidden="true">${[...quiet, ...levels].map((level) => html`<i style=${{ "--l": level.toFixed(2) }}></i>`)}</span>
    <span class="recording-hint">${held ? t("voice.slide") : full ? t("voice.full") : left < LAST_MS ? t("voice.left", { n: Math.ceil(left / 1000) }) : ""}</span>
    <span class="unseen" role="status">${full ? t("voice.full") : t("voice.recording")}</span>
  </div>`;
}
