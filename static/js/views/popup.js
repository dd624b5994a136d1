/** A small menu at a point: what can be done, with a row of emoji above it where there is one. */
import { html, useEffect, useLayoutEffect, useRef } from "../../vendor/preact-htm.js";
import { useCover } from "./cover.js";
import { Icon } from "./parts.js";

/** Kept free between the menu and the edge of the window. */
const EDGE_PX = 8;

/** Where a menu opens at the point of a click, or below the button that a key has pressed. */
export function placeOf(event) {
  const { right, bottom } = event.currentTarget.getBoundingClientRect();
  return { x: event.clientX || right - EDGE_PX, y: event.clientY || bottom, opener: event.currentTarget };
}

/** Where a menu opens below its button. */
export function below(event) {
  const { right, bottom } = event.currentTarget.getBoundingClientRect();
  return { x: right - EDGE_PX, y: bottom + EDGE_PX / 2, opener: event.currentTarget };
}

/**
 * Kept inside the window: below `y`, or where there is no room above `above`. Arrows choose, Escape goes back to where
 * it was opened.
 * `quick` are buttons in a row, `{text, label, on, act}` or with an `icon`; `items` stand below each other.
 */
export function Popup({ items, quick = [], x, y, above = y, opener, label, close }) {
  const box = useRef();
  const before = useRef();
  const pressed = useRef(false); // within it, since it is open
  useCover(close);
  useLayoutEffect(() => {
    before.current ??= document.activeElement;
    const { offsetWidth, offsetHeight, style } = box.current;
    const left = Math.max(EDGE_PX, Math.min(x, window.innerWidth - offsetWidth - EDGE_PX));
    const top = y + offsetHeight + EDGE_PX > window.innerHeight ? Math.max(EDGE_PX, above - offsetHeight) : y;
    style.setProperty("left", `${left}px`);
    style.setProperty("top", `${top}px`);
    box.current.querySelector("button")?.focus({ preventScroll: true });
  }, [x, y]);
  useEffect(() => {
    const about = opener?.closest?.(".bubble-place");
    about?.classList.add("lifted");
    return () => about?.classList.remove("lifted");
  }, [opener]);
  useEffect(() => {
    const outside = (event) => !box.current?.contains(event.target) && close();
    document.addEventListener("pointerdown", outside, true);
    window.addEventListener("blur", close);
    return () => {
      document.removeEventListener("pointerdown", outside, true);
      window.removeEventListener("blur", close);
    };
  }, []);
  const back = () => {
    close();
    opener?.focus?.({ preventScroll: true });
    // A bubble takes no focus.
    if (box.current?.contains(document.activeElement)) before.current?.focus?.({ preventScroll: true });
  };
  // Of the finger that has opened it the browser may make a click as well, on whatever lies under it by then.
  const chosen = (event) => {
    if (event.detail === 0 || pressed.current) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const key = (event) => {
    const all = [...box.current.querySelectorAll("button")];
    const at = all.indexOf(document.activeElement);
    const row = at < quick.length;
    const step = { ArrowDown: row ? quick.length - at : 1, ArrowUp: row ? -1 - at : -1, ArrowRight: row ? 1 : 0, ArrowLeft: row ? -1 : 0 }[event.key];
    const end = { Home: quick.length % all.length, End: -1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") back();
    else if (end !== undefined) all.at(end).focus();
    else if (step) all.at((at + step) % all.length).focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div class="menu" role="menu" aria-label=${label} ref=${box} onPointerDown=${() => (pressed.current = true)} onClickCapture=${chosen} onKeyDown=${key} onContextMenu=${(event) => event.preventDefault()}>
    ${quick.length > 0 && html`<div class="quick" role="group">${quick.map(({ text, icon, label: name, on, act }) => html`<button type="button" role=${icon ? "menuitem" : "menuitemcheckbox"}
      key=${name} class=${on ? "on" : ""} aria-checked=${icon ? undefined : Boolean(on)} aria-label=${name} title=${name} onClick=${() => (back(), act())}>${icon ? html`<${Icon} name=${icon} />` : text}</button>`)}</div>`}
    ${items.map(({ icon, label: text, act, danger }) => html`<button type="button" role="menuitem" class=${danger ? "danger" : ""} key=${text} onClick=${() => (back(), act())}>
      <${Icon} name=${icon} /> ${text}
    </button>`)}
  </div>`;
}
