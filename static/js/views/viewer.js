/** One picture of a conversation in front of everything, and the way to the next ones. */
import { html, useEffect, useLayoutEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";
import { mediaUrl } from "../media.js";
import { maybeBeside, nextPicture, picturesOf } from "../pictures.js";
import { useStore } from "../store.js";
import { full, moment } from "../time.js";
import { STEP, base } from "../zoom.js";
import { useCover } from "./cover.js";
import { useFront } from "./front.js";
import { usePanZoom } from "./panzoom.js";
import { Icon, IconButton, Spinner, useName } from "./parts.js";
import { Toast } from "./toast.js";

/** A swipe further than this is meant; down it closes. */
const SWIPE_PX = 60;
const CLOSE_PX = 110;
/** Pixels of the picture may become so large, and any picture so many times as large. */
const PIXEL = 2;
const LEAST_MOST = 4;

export function Viewer({ conv, seq: first, close }) {
  const t = useT();
  const [seq, setSeq] = useState(first);
  const [busy, setBusy] = useState(false);
  const box = useRef();
  useCover(close);
  const thread = useStore((state) => state.threads[conv]);
  const message = picturesOf(thread).find((one) => one.seq === seq);
  const level = useFront(box);
  useEffect(() => {
    if (!message) close(); // recalled while one looks at it
  }, [!message]);
  const turn = async (step) => {
    if (busy || !maybeBeside(thread, seq, step)) return;
    setBusy(true);
    const next = await nextPicture(conv, seq, step);
    setBusy(false);
    if (next) setSeq(next);
  };
  return html`<dialog class="viewer" ref=${box} aria-label=${t("viewer.title")} onCancel=${(event) => (event.preventDefault(), close())}>
    ${message && html`<${Shown} message=${message} turn=${turn} close=${close} older=${maybeBeside(thread, seq, -1)} newer=${maybeBeside(thread, seq, 1)} busy=${busy} />`}
    <${Toast} level=${level} />
  </dialog>`;
}

function Shown({ message, turn, close, older, newer, busy }) {
  const t = useT();
  const { meta, content, time, from } = message;
  const name = useName(from);
  const frame = useFrame();
  const size = base({ width: meta.width ?? frame.width, height: meta.height ?? frame.height }, frame);
  const most = Math.max(LEAST_MOST, ((meta.width ?? 0) / size.width) * PIXEL);
  const swiped = ({ x, y }) => {
    if (y > CLOSE_PX && y > Math.abs(x)) close();
    else if (Math.abs(x) > SWIPE_PX) turn(x > 0 ? -1 : 1);
  };
  const tapped = ({ target, pointerType }) => pointerType === "mouse" && target.classList.contains("stage") && close();
  const { stage, place, drag, zoom, key, handlers } = usePanZoom({ of: message.seq, size, frame, most, swiped, tapped });
  const press = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || (!step && !key(event))) return;
    if (step) turn(step);
    event.preventDefault();
  };
  useLayoutEffect(() => {
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  });
  const { x, y } = drag ?? place;
  const style = { width: `${size.width}px`, height: `${size.height}px`, transform: `translate(${x}px, ${y}px) scale(${place.scale})` };
  const label = t("viewer.picture", { name, time: full(time) });
  return html`
    <header class="viewer-head">
      <p><b dir="auto">${name}</b> <span><time datetime=${new Date(time).toISOString()} title=${full(time)}>${moment(time)}</time> · <span dir="auto">${meta.name}</span></span></p>
      <${IconButton} icon="zoom-out" label=${t("viewer.smaller")} class="not-phone" disabled=${place.scale <= 1} onClick=${() => zoom(1 / STEP)} />
      <${IconButton} icon="zoom-in" label=${t("viewer.larger")} class="not-phone" disabled=${place.scale >= most} onClick=${() => zoom(STEP)} />
      <a class="icon-button" href=${mediaUrl(content)} download=${meta.name} aria-label=${t("menu.download")} title=${t("menu.download")}><${Icon} name="download" /></a>
      <${IconButton} icon="x" label=${t("close")} autofocus=${true} onClick=${close} />
    </header>
    <div class=${`stage ${place.scale > 1 ? "near" : ""} ${drag || place.scale > 1 ? "" : "calm"}`} ref=${stage} ...${handlers}>
      <${Layers} key=${message.seq} message=${message} style=${style} label=${label} />
      ${older && html`<${IconButton} icon="chevron-left" label=${t("viewer.older")} class="turn older" onClick=${() => turn(-1)} />`}
      ${newer && html`<${IconButton} icon="chevron-right" label=${t("viewer.newer")} class="turn newer" onClick=${() => turn(1)} />`}
      ${busy && html`<${Spinner} />`}
    </div>
    <p class="unseen" role="status">${label}</p>
  `;
}

/** The thumb, which is there already, until the whole picture is. */
function Layers({ message, style, label }) {
  const [state, setState] = useState("waits");
  const { content } = message;
  const t = useT();
  return html`<div class="layers" style=${style}>
    ${state !== "shown" && html`<img src=${mediaUrl(content, { thumb: true })} alt="" draggable=${false} />`}
    <img class=${`whole ${state}`} src=${mediaUrl(content)} alt=${label} draggable=${false} onLoad=${() => setState("shown")} onError=${() => setState("broken")} />
    ${state === "waits" && html`<${Spinner} />`}
    ${state === "broken" && html`<p class="broken"><${Icon} name="image-off" /> ${t("picture.broken")}</p>`}
  </div>`;
}

/** The size of the window, in which a picture has the whole room. */
function useFrame() {
  const read = () => ({ width: window.innerWidth, height: window.innerHeight });
  const [frame, setFrame] = useState(read);
  useLayoutEffect(() => {
    const resized = () => setFrame(read());
    window.addEventListener("resize", resized);
    return () => window.removeEventListener("resize", resized);
  }, []);
  return frame;
}
