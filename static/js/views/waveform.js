/** How loud a voice is, as bars that fill while it plays; one moves in it by mouse, finger or keys. */
import { html, useRef } from "../../vendor/preact-htm.js";
import { t } from "../i18n.js";
import { lengthText } from "../media.js";

/** Bars of 2 with gaps of 1, in the drawing's own units. */
const STEP = 3;
const HEIGHT = 28;
const BARS = 64;
const FLAT = Object.freeze(Array(BARS).fill(8));

/** Keys and how far they move, in seconds. */
const KEYS = { ArrowRight: 1, ArrowLeft: -1, PageUp: 5, PageDown: -5, Home: -Infinity, End: Infinity };

function drawn(levels) {
  const bar = (level, index) => {
    const tall = Math.max(2, (level / 100) * (HEIGHT - 2));
    return `M${index * STEP + 1.5} ${(HEIGHT - tall) / 2}v${tall.toFixed(1)}`;
  };
  return levels.map(bar).join("");
}

/** @param {{levels?: number[], place: number, length: number, move: ?(seconds: number) => void, press: () => void}} props */
export function Waveform({ levels = FLAT, place, length, move, press }) {
  const box = useRef();
  const path = drawn(levels);
  const to = (event) => {
    const { left, width } = box.current.getBoundingClientRect();
    move((Math.min(Math.max(0, event.clientX - left), width) / width) * length);
  };
  const down = (event) => {
    if (event.button || !move) return;
    box.current.setPointerCapture(event.pointerId);
    to(event);
  };
  const drag = (event) => box.current.hasPointerCapture(event.pointerId) && move && to(event);
  const key = (event) => {
    if (event.key === " " || event.key === "Enter") press();
    else if (event.key in KEYS) move(Math.min(length, Math.max(0, place + KEYS[event.key])));
    else return;
    event.preventDefault();
  };
  const view = `0 0 ${levels.length * STEP} ${HEIGHT}`;
  const part = length ? Math.min(1, place / length) : 0;
  const slider = move && {
    role: "slider", tabindex: 0, "aria-label": t("voice.place"), "aria-valuemin": 0, "aria-valuemax": length.toFixed(1), "aria-valuenow": place.toFixed(1),
    "aria-valuetext": t("voice.at", { at: lengthText(Math.floor(place) * 1000), length: lengthText(length * 1000) }), onKeyDown: key,
  };
  return html`<div class="waveform" ref=${box} ...${slider} onPointerDown=${down} onPointerMove=${drag}>
    <svg viewBox=${view} preserveAspectRatio="none" aria-hidden="true"><path d=${path} /></svg>
    <svg class="heard" viewBox=${view} preserveAspectRatio="none" aria-hidden="true" style=${{ clipPath: `inset(0 ${100 - part * 100}% 0 0)` }}><path d=${path} /></svg>
  </div>`;
}
