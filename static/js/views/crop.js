/** Cutting a square out of a picture: moved and enlarged behind a round hole. */
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { explain, useT } from "../i18n.js";
import { HOME, STEP, base, seen } from "../zoom.js";
import { Modal } from "./modal.js";
import { usePanZoom } from "./panzoom.js";
import { IconButton, Spinner } from "./parts.js";

/** The frame on the page, and the picture that becomes of it, in px. */
const FRAME = Object.freeze({ width: 264, height: 264 });
const RESULT_PX = 512;
const MOST = 5;
/** What an arrow key moves. */
const NUDGE_PX = 8;

const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** @param {{file: Blob, save: (file: Blob) => Promise<void>, close: () => void}} props */
export function Crop({ file, save, close }) {
  const t = useT();
  const [picture, setPicture] = useState(null);
  const [refusal, setRefusal] = useState(null);
  const [busy, setBusy] = useState(false);
  const place = useRef(HOME);
  useEffect(() => {
    const image = new Image();
    image.onload = () => setPicture(image);
    image.onerror = () => setRefusal({ error: "no_picture" });
    image.src = URL.createObjectURL(file);
    return () => URL.revokeObjectURL(image.src);
  }, [file]);
  const submit = async (event) => {
    event.preventDefault();
    if (busy || !picture) return;
    setBusy(true);
    try {
      await save(await cut(picture, place.current));
      close();
    } catch (problem) {
      setRefusal(problem);
      setBusy(false);
    }
  };
  return html`<${Modal} title=${t("crop.title")} close=${close} class="small crop">
    <form onSubmit=${submit}>
      ${picture ? html`<${Hole} picture=${picture} place=${place} />` : html`<div class="hole">${!refusal && html`<${Spinner} />`}</div>`}
      ${refusal && html`<p class="form-error" role="alert">${explain(refusal)}</p>`}
      <footer class="modal-foot">
        <button type="button" class="button" onClick=${close}>${t("cancel")}</button>
        <button type="submit" class="button primary" disabled=${!picture || busy}>${busy ? html`<${Spinner} />` : t("crop.do")}</button>
      </footer>
    </form>
  <//>`;
}

function sizeOf({ naturalWidth: width, naturalHeight: height }) {
  return base({ width, height }, FRAME, { cover: true });
}

function Hole({ picture, place }) {
  const t = useT();
  const size = sizeOf(picture);
  const panned = usePanZoom({ size, frame: FRAME, most: MOST });
  const { scale, x, y } = (place.current = panned.place);
  const key = (event) => {
    const [across, down] = ARROWS[event.key] ?? [];
    if (across !== undefined) panned.move(across * NUDGE_PX, down * NUDGE_PX);
    else if (!panned.key(event)) return;
    event.preventDefault();
  };
  const style = { width: `${size.width}px`, height: `${size.height}px`, transform: `translate(${x}px, ${y}px) scale(${scale})` };
  return html`
    <div class="hole" ref=${panned.stage} tabindex="0" role="group" aria-label=${t("crop.move")} onKeyDown=${key} ...${panned.handlers}>
      <img src=${picture.src} alt="" style=${style} draggable=${false} />
      <span class="hole-ring"></span>
    </div>
    <div class="zoom-line">
      <${IconButton} icon="zoom-out" label=${t("viewer.smaller")} onClick=${() => panned.zoom(1 / STEP)} />
      <input type="range" min="1" max=${MOST} step="0.01" value=${scale} aria-label=${t("crop.zoom")} onInput=${(event) => panned.zoom(Number(event.currentTarget.value) / scale)} />
      <${IconButton} icon="zoom-in" label=${t("viewer.larger")} onClick=${() => panned.zoom(STEP)} />
    </div>
    <p class="small-print">${t("crop.text")}</p>
  `;
}

/** WebP where the browser writes it, else PNG: both keep what is transparent. */
function cut(picture, place) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = RESULT_PX;
  const { naturalWidth: width, naturalHeight: height } = picture;
  const { x, y, side } = seen(place, { size: sizeOf(picture), frame: FRAME, picture: { width, height } });
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, x, y, side, side, 0, 0, RESULT_PX, RESULT_PX);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/webp", 0.9));
}
