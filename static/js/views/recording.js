/** Speaking into the box: hold the button with a finger, or click it; then send, or take it back. */
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { toast } from "../acts.js";
import { t as say, useT } from "../i18n.js";
import { longest } from "../media.js";
import { rest } from "../player.js";
import { get } from "../store.js";
import { later } from "./later.js";
import { Icon, IconButton } from "./parts.js";

/** Said in less than that, nothing was. Held for less, a finger has tapped: then it goes on as after a click. */
const LEAST_MS = 700;
/** A finger that slides so far has taken it back. */
const SLIDE_PX = 90;
/** So soon after sending a tap, as the second of two clicks, was meant for the button that stood here before. */
const DOUBLE_MS = 500;
/** Levels that the meter shows. */
export const SHOWN = 120;

/** Its place is there at once, so that the line does not jump when it comes. */
export const RecordingBar = later(async () => (await import("./recordingbar.js")).RecordingBar, { meanwhile: html`<div class="recording-bar"></div>` });

const OFF = Object.freeze({ on: false });

/**
 * The state of recording, and the button that begins it.
 * @param {(voice: object) => void} send  what was recorded
 */
export function useRecording(send) {
  const [state, setState] = useState(OFF);
  const [refused, setRefused] = useState(null);
  const now = useRef({});
  const change = (patch) => setState((before) => ({ ...before, ...patch }));

  const begin = async (held) => {
    if (now.current.tape) return;
    const tape = (now.current.tape = {});
    rest();
    setRefused(null);
    const most = longest(get().limits?.voice);
    setState({ on: true, held, ms: 0, most, levels: [] });
    try {
      const { record } = await import("../recorder.js").catch(() => Promise.reject({ reason: "unfetched" }));
      const recorder = await record({ most, tick: (ms, levels) => change({ ms, levels: levels.slice(-SHOWN) }), full: () => change({ full: true, held: false }) });
      if (now.current.tape === tape) Object.assign(tape, recorder);
      else recorder.cancel(); // taken back while the browser was asking
    } catch ({ reason }) {
      setRefused(reason ?? "unsupported");
      end();
    }
  };
  const end = () => {
    now.current.tape = null;
    setState(OFF);
  };
  const cancel = () => {
    now.current.tape?.cancel?.();
    end();
  };
  const finish = async () => {
    const { tape } = now.current;
    end();
    const voice = await tape?.stop?.();
    if (voice?.ms >= LEAST_MS) send(voice);
    else toast(say("voice.short"));
  };
  const leave = () => {
    if (now.current.tape) toast(say("voice.left.behind"));
    cancel();
  };
  useEffect(() => leave, []);
  return { ...state, refused, begin, cancel, finish, release: () => change({ held: false }), forgive: () => setRefused(null) };
}

/**
 * In the place of the send button while there is nothing to send. The element stays while a finger holds it.
 * `sentAt` is a ref of when something was sent, ms.
 */
export function MicButton({ recording, sentAt }) {
  const t = useT();
  const second = (event) => event.detail > 1 || (event.pointerType === "touch" && Date.now() - sentAt.current < DOUBLE_MS);
  const press = useRef(null);
  const [slide, setSlide] = useState(0);
  const down = (event) => {
    if (event.pointerType !== "touch" || recording.on || second(event)) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    press.current = { x: event.clientX, at: event.timeStamp };
    recording.begin(true);
  };
  const move = (event) => press.current && setSlide(Math.min(0, event.clientX - press.current.x));
  const up = (event) => {
    if (!press.current) return;
    const back = slide < -SLIDE_PX || event.type === "pointercancel";
    const tapped = event.timeStamp - press.current.at < LEAST_MS;
    press.current = null;
    setSlide(0);
    if (back) recording.cancel();
    else if (tapped) setTimeout(recording.release); // when this button has kept the click away
    else if (recording.held) recording.finish();
  };
  // Of a finger that is lifted the browser would make a click, on whatever stands here by then.
  const noClick = (event) => event.preventDefault();
  const style = slide ? { transform: `translateX(${slide / 3}px)` } : {};
  return html`<button type="button" class=${`send mic ${recording.held ? "held" : ""} ${slide < -SLIDE_PX ? "back" : ""}`} style=${style} aria-label=${t("voice.record")} title=${t("voice.record")}
    onClick=${(event) => !second(event) && recording.begin(false)} onTouchEnd=${noClick} onPointerDown=${down} onPointerMove=${move} onPointerUp=${up} onPointerCancel=${up} onContextMenu=${(event) => event.preventDefault()}>
    <${Icon} name=${slide < -SLIDE_PX ? "trash-2" : "mic"} />
  </button>`;
}

/** Ends it and sends it; the focus is here, so that Enter does it as well. */
export function SendVoice({ send }) {
  const t = useT();
  const button = useRef();
  useEffect(() => button.current.focus(), []);
  return html`<button type="button" ref=${button} class="send" aria-label=${t("voice.send")} title=${t("voice.send")} onClick=${send}><${Icon} name="send-horizontal" /></button>`;
}

/** Why there is no microphone, in a plain sentence. */
export function Refused({ recording }) {
  const t = useT();
  if (!recording.refused) return null;
  return html`<div class="strip" role="alert"><${Icon} name="mic-off" /> <span class="grow">${t(`voice.${recording.refused}`)}</span>
    <${IconButton} icon="x" label=${t("close")} onClick=${recording.forgive} /></div>`;
}
