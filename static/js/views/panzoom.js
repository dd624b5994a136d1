/** Moving and enlarging a picture with mouse, wheel, fingers and keys; the rules are in js/zoom.js. */
import { useEffect, useLayoutEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { CLOSE_UP, HOME, STEP, bounded, zoomed } from "../zoom.js";

/** Two taps within this time and distance are one double tap; a finger that moves further than that drags. */
const TAPS_MS = 300;
const STILL_PX = 8;
const WHEEL = 0.0022;

/**
 * @param {object} options
 * @param {*} [options.of]   which picture: another one begins as it fits into the frame
 * @param {{width: number, height: number}} options.size   the picture at scale 1
 * @param {{width: number, height: number}} options.frame
 * @param {number} options.most      the largest scale
 * @param {(shift: {x: number, y: number}) => void} [options.swiped]  a drag of what is not enlarged has ended
 * @param {(event: PointerEvent) => void} [options.tapped]            how a tap began that was no drag
 * @returns {{stage, place, drag, zoom, move, key, handlers}}  drag: how far a swipe has come
 */
export function usePanZoom(options) {
  const [place, setPlace] = useState(HOME);
  const [drag, setDrag] = useState(null);
  const stage = useRef();
  const now = useRef({ pointers: new Map(), place: HOME });
  Object.assign(now.current, { options });

  const put = (next) => {
    now.current.place = next;
    setPlace(next);
  };
  const zoom = (factor, point = { x: 0, y: 0 }) => put(zoomed(now.current.place, factor, point, now.current.options));
  const reset = () => put(HOME);
  const move = (x, y) => put(bounded({ ...now.current.place, x: now.current.place.x + x, y: now.current.place.y + y }, now.current.options));
  const key = ({ key: name }) => {
    if (name === "+" || name === "=") zoom(STEP);
    else if (name === "-") zoom(1 / STEP);
    else if (name === "0") reset();
    else return false;
    return true;
  };

  useEffect(() => {
    const wheel = (event) => {
      event.preventDefault(); // so it cannot be a listener of the tree, which are passive
      zoom(Math.exp(-event.deltaY * (event.deltaMode ? 16 : 1) * (event.ctrlKey ? 4 : 1) * WHEEL), middle(stage.current, [event]));
    };
    const element = stage.current;
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, []);

  useLayoutEffect(reset, [options.of]);
  // Another frame, as after the phone was turned.
  const { width, height } = options.frame;
  useEffect(() => put(bounded(now.current.place, now.current.options)), [width, height, options.size.width]);

  const handlers = gestures({ now, stage, put, zoom, reset, setDrag });
  return { stage, place, drag, zoom, move, key, handlers };
}

/** What fingers and the mouse do on the stage. */
function gestures({ now, stage, put, zoom, reset, setDrag }) {
  const down = (event) => {
    if (event.button || event.target.closest("button, a")) return;
    const { pointers } = now.current;
    stage.current.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, event);
    Object.assign(now.current, { start: event, moved: pointers.size > 1, swipe: null });
  };
  const move = (event) => {
    const { pointers, place, options } = now.current;
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const were = [...pointers.values()];
    pointers.set(event.pointerId, event);
    const are = [...pointers.values()];
    if (are.length > 1) return put(pinched(place, were, are, stage.current, options));
    const { start } = now.current;
    const shift = { x: event.clientX - start.clientX, y: event.clientY - start.clientY };
    now.current.moved ||= Math.hypot(shift.x, shift.y) > STILL_PX;
    if (place.scale > 1 || !options.swiped) {
      put(bounded({ ...place, x: place.x + event.clientX - before.clientX, y: place.y + event.clientY - before.clientY }, options));
    } else if (now.current.moved) setDrag((now.current.swipe = shift));
  };
  const up = (event) => {
    const { pointers, options, swipe, moved, last, start } = now.current;
    if (!pointers.delete(event.pointerId)) return;
    setDrag(null);
    now.current.swipe = null;
    if (swipe && event.type === "pointerup") return options.swiped(swipe);
    if (moved || pointers.size || event.type !== "pointerup") return;
    const again = last && event.timeStamp - last.timeStamp < TAPS_MS && distance(last, event) < STILL_PX * 4;
    now.current.last = again ? null : event;
    if (!again) options.tapped?.(start); // the capture names the stage as the target of every later one
    else if (now.current.place.scale > 1) reset();
    else zoom(CLOSE_UP, middle(stage.current, [event]));
  };
  return { onPointerDown: down, onPointerMove: move, onPointerUp: up, onPointerCancel: up };
}

function pinched(place, were, are, stage, options) {
  const [from, to] = [middle(stage, were), middle(stage, are)];
  const next = zoomed(place, distance(...are) / Math.max(1, distance(...were)), to, options);
  return bounded({ ...next, x: next.x + to.x - from.x, y: next.y + to.y - from.y }, options);
}

function distance(one, other) {
  return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
}

/** The middle of one or two pointers, from the middle of the stage. */
function middle(stage, pointers) {
  const { left, top, width, height } = stage.getBoundingClientRect();
  const mean = (key) => pointers.reduce((sum, pointer) => sum + pointer[key], 0) / pointers.length;
  return { x: mean("clientX") - left - width / 2, y: mean("clientY") - top - height / 2 };
}
