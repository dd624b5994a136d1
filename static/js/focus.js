/**
 * The focus never falls out of the page: when what had it is taken away, it goes to what stands around, and a button that
 * had it and was disabled for a while gets it back.
 */

/** Where it goes, by the part of the page that it was in; the other parts come after, in this order. */
const HOMES = { ".details": ".details h2", ".thread": ".scroller", ".rail": ".rows" };

let keeping = false;

/** From now on, as long as there is this window. */
export function keepFocus() {
  if (keeping) return;
  keeping = true;
  let last = null;
  let around = null;
  const follow = ({ target }) => {
    last = target;
    around = Object.keys(HOMES).find((part) => target.closest(part));
  };
  const leave = () => {
    last = null;
    const front = [...document.querySelectorAll("dialog:modal")].at(-1);
    const homes = front ? ["h2", "[autofocus]"] : [HOMES[around], ...Object.values(HOMES)];
    for (const home of homes) {
      const element = home && (front ?? document).querySelector(home);
      element?.focus({ preventScroll: true }); // without effect where it is not shown
      if (element && document.activeElement === element) return;
    }
  };
  if (document.activeElement !== document.body) follow({ target: document.activeElement });
  const look = (changes) => {
    if (!last || document.activeElement !== document.body) return;
    const enabled = !last.disabled && changes.some(({ type, target }) => type === "attributes" && target === last);
    if (!last.isConnected) leave();
    else if (enabled) last.focus({ preventScroll: true });
  };
  new MutationObserver(look).observe(document.body, { childList: true, attributeFilter: ["disabled"], subtree: true });
  document.addEventListener("focusin", follow);
}
