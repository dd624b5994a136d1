/**
 * Where the reader is in a thread.
 *
 * At the bottom it stays at the bottom, whatever grows or shrinks. Anywhere else the line at the upper
 * edge stays where it is, to the pixel, whatever is loaded above it or arrives below.
 */
import { useEffect, useLayoutEffect, useRef, useState } from "../../vendor/preact-htm.js";

/** Less than this from the end is the end: fractions of pixels and overscroll. */
const BOTTOM_PX = 24;
/** Older messages are asked for before the reader comes to the edge. */
const OLDER_PX = 900;
/** And newer ones, where these are not loaded, before he comes to the lower one. */
const NEWER_PX = 600;
/** A screenful away, the way back down is offered. */
const AWAY_PX = 400;
/** Where the "new messages" line stands when a thread is opened on it. */
const NEW_LINE_PX = 96;

/**
 * @param {object} options
 * @param {boolean} options.ready    the first page is drawn
 * @param {number} options.unsent    entries of mine at the end: a new one leads there, once it is loaded
 * @param {number} options.aim       the message that it is opened at, or 0: until that is shown nothing has been seen
 * @param {boolean} options.later    the newest messages are not loaded: the lower end is not the end
 * @param {() => void} options.older called near the upper edge
 * @param {() => void} options.newer called near the lower edge, when the newest are not loaded
 * @param {(seq: number, all: boolean) => void} options.seen  the lowest message on the screen; all: the end is
 */
export function useScroll({ ready, unsent, aim, later, older, newer, seen }) {
  const box = useRef();
  const at = useRef({ placed: false, bottom: true, top: 0, anchor: null, lowest: 0, reached: 0, unsent, wanted: false, height: 0 });
  const [reached, setReached] = useState(Infinity);
  const [away, setAway] = useState(false);
  const calls = useRef();
  calls.current = { older, newer, seen, ready, later, aim };

  const remember = () => {
    if (!box.current?.clientHeight) return; // it was left a moment ago, or on a phone the details stand in its place
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    const below = scrollHeight - scrollTop - clientHeight;
    const place = at.current;
    place.bottom = below < BOTTOM_PX && !calls.current.later;
    place.top = scrollTop;
    place.height = clientHeight;
    place.anchor = upperEdge(box.current);
    const last = lowestSeq(box.current, place.bottom ? Infinity : scrollTop + clientHeight + BOTTOM_PX);
    place.lowest = last;
    place.reached = Math.max(place.reached, last);
    setReached(place.bottom ? Infinity : place.reached);
    setAway(below > AWAY_PX);
    if (document.visibilityState === "visible" && last && !calls.current.aim) calls.current.seen(last, place.bottom);
    if (scrollTop < OLDER_PX) calls.current.older();
    if (below < NEWER_PX && calls.current.later) calls.current.newer();
  };

  const settle = () => {
    const element = box.current;
    const place = at.current;
    const { aim } = calls.current;
    if (!element?.clientHeight || !calls.current.ready) return;
    const line = place.placed ? null : element.querySelector(aim ? `[data-seq="${aim}"]` : ".new-line");
    // The reader may have scrolled up a moment ago, and the event of it is still to come.
    const left = element.scrollTop < place.top && element.scrollHeight - element.scrollTop - element.clientHeight > BOTTOM_PX;
    const ends = !calls.current.later && (place.wanted || (place.bottom && !left));
    if (line) element.scrollTop = line.offsetTop - (aim ? (element.clientHeight - line.offsetHeight) / 2 : NEW_LINE_PX);
    else if (!place.placed || ends) {
      element.scrollTop = element.scrollHeight;
      if (ends) place.wanted = false;
    } else if (place.anchor?.element.isConnected) {
      const moved = topIn(element, place.anchor.element) - place.anchor.top;
      if (moved) element.scrollTop += moved;
    }
    place.placed = true;
    remember();
  };

  useLayoutEffect(() => {
    if (unsent > at.current.unsent) Object.assign(at.current, { bottom: true, top: 0, wanted: true });
    at.current.unsent = unsent;
    settle();
  });

  // The box and what is in it also change size without a render: a keyboard, a growing composer, fonts.
  useEffect(() => {
    const observer = new ResizeObserver(settle);
    observer.observe(box.current);
    observer.observe(box.current.firstElementChild);
    const look = () => calls.current.ready && remember();
    document.addEventListener("visibilitychange", look);
    return () => {
      observer.disconnect();
      document.removeEventListener("visibilitychange", look);
    };
  }, []);

  const onScroll = () => {
    if (!at.current.placed) return;
    // Where the box has shrunk below the end, the reader has not left it: `settle` comes to that in this frame.
    if (box.current?.clientHeight === at.current.height) remember();
  };
  const toBottom = () => {
    Object.assign(at.current, { bottom: true, top: 0, wanted: true });
    settle();
  };
  const show = (seq, flashMs) => {
    const line = box.current?.querySelector(`[data-seq="${seq}"]`);
    if (!line) return;
    at.current.bottom = false;
    line.scrollIntoView({ block: "center" });
    line.classList.add("flash");
    setTimeout(() => line.classList.remove("flash"), flashMs);
  };
  const here = () => at.current.lowest || at.current.reached;
  return { box, onScroll, toBottom, show, here, reached, away };
}

/** Where a line stands in the whole of the content: what moves it is above it. */
function topIn(box, element) {
  return element.getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop;
}

/**
 * The first message that reaches into the view; lines stand in order, so it is found by halving. A day's line is none:
 * it moves up to what is loaded above.
 */
function upperEdge(box) {
  const lines = box.firstElementChild.children;
  const edge = box.scrollTop;
  let [low, high] = [1, lines.length - 1]; // 0 is the upper end, which comes and goes
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle].offsetTop + lines[middle].offsetHeight > edge) high = middle;
    else low = middle + 1;
  }
  let line = lines[low];
  while (line && !line.dataset.seq) line = line.nextElementSibling;
  return line ? { element: line, top: topIn(box, line) } : null;
}

/** The seq of the lowest message that ends above an edge. */
function lowestSeq(box, edge) {
  const lines = box.firstElementChild.children;
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle].offsetTop + lines[middle].offsetHeight > edge) high = middle;
    else low = middle + 1;
  }
  let line = lines[low - 1];
  while (line && !line.dataset.seq) line = line.previousElementSibling;
  return Number(line?.dataset.seq ?? 0);
}
