/** On a touch screen a message that is drawn to the left is answered. */
import { useEffect } from "../../vendor/preact-htm.js";

/** Drawn so far it is meant, and it does not go further than that by much. */
const MEANT_PX = 56;
const MOST_PX = 72;
/** Before this nobody can tell; steeper than half, it scrolls. */
const STILL_PX = 10;

/** What a finger draws along itself, and what has no message to answer. */
const OTHERS = ".waveform, .reactions, input";

/** Draws nothing. @param {{box: {current: HTMLElement}, answer: (seq: number) => void}} props  box: around the lines */
export function Swipe({ box, answer }) {
  useEffect(() => {
    const element = box.current;
    let held = null;
    const down = ({ pointerType, target, clientX: x, clientY: y }) => {
      const line = target.closest(".line[data-seq]");
      // Where one cannot write there is no box, and nothing to answer in.
      held = pointerType === "touch" && line && !target.closest(OTHERS) && document.querySelector(".composer textarea") ? { line, x, y, drawn: 0 } : null;
    };
    const move = ({ clientX, clientY }) => {
      if (!held) return;
      const left = held.x - clientX;
      const steep = Math.abs(clientY - held.y) > Math.max(STILL_PX, left / 2);
      if (!held.drawn && steep) return void (held = null);
      if (!held.drawn && left < STILL_PX) return;
      show(held, Math.min(MOST_PX, Math.max(0, left)));
    };
    const up = ({ type }) => {
      if (!held) return;
      const { line, drawn } = held;
      show(held, 0);
      held = null;
      if (type === "pointerup" && drawn >= MEANT_PX) answer(Number(line.dataset.seq));
    };
    const handlers = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: up };
    for (const [name, handler] of Object.entries(handlers)) element.addEventListener(name, handler);
    return () => {
      for (const [name, handler] of Object.entries(handlers)) element.removeEventListener(name, handler);
    };
  }, []);
  return null;
}

function show(held, drawn) {
  const { classList, style } = held.line;
  held.drawn = drawn;
  classList.toggle("drawn", drawn > 0);
  classList.toggle("meant", drawn >= MEANT_PX);
  style.setProperty("--drawn", `${-drawn}px`);
}
