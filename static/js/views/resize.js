/** The edge between list and thread: dragged, or moved with the arrow keys, and remembered. */
import { html, useEffect, useRef } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";
import { recall, remember } from "../prefs.js";

const WIDTH = { least: 240, usual: 320, most: 480 };
const STEP_PX = 16;

export function Edge() {
  const t = useT();
  const edge = useRef();
  const put = (width) => {
    const kept = Math.round(Math.min(WIDTH.most, Math.max(WIDTH.least, width)));
    edge.current.parentElement.style.setProperty("--rail", `${kept}px`);
    edge.current.setAttribute("aria-valuenow", kept);
    return kept;
  };
  const width = () => edge.current.previousElementSibling.offsetWidth;
  useEffect(() => {
    const kept = recall("rail");
    if (kept) put(kept);
  }, []);
  const drag = (event) => {
    if (edge.current.hasPointerCapture(event.pointerId)) put(event.clientX);
  };
  const key = (event) => {
    const step = { ArrowLeft: -STEP_PX, ArrowRight: STEP_PX }[event.key];
    if (step) remember("rail", put(width() + step));
  };
  return html`<div class="edge" ref=${edge} role="separator" aria-orientation="vertical" aria-label=${t("list.width")} tabindex="0"
    aria-valuemin=${WIDTH.least} aria-valuemax=${WIDTH.most} aria-valuenow=${WIDTH.usual}
    onPointerDown=${(event) => edge.current.setPointerCapture(event.pointerId)} onPointerMove=${drag}
    onPointerUp=${() => remember("rail", width())} onKeyDown=${key}></div>`;
}
