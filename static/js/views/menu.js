/** What can be done with a message, and the small menu that it stands in. */
import { html, useEffect, useLayoutEffect, useRef } from "../../vendor/preact-htm.js";
import { copy, recall } from "../acts.js";
import { keepDraft } from "../drafts.js";
import { useT } from "../i18n.js";
import { get } from "../store.js";
import { Icon } from "./parts.js";

/** How long the sender may take a message back. */
const RECALL_MS = 2 * 60_000;
/** Kept free between the menu and the edge of the window. */
const EDGE_PX = 8;

export function Menu({ message, mine, conv, ...place }) {
  const t = useT();
  const items = [];
  if (message.kind === "text") items.push({ icon: "copy", label: t("menu.copy"), act: () => copy(message.content) });
  if (message.seq) {
    items.push({ icon: "reply", label: t("menu.reply"), act: () => reply(conv.conv, message.seq) });
    if (mine && Date.now() - message.time < RECALL_MS) {
      items.push({ icon: "undo-2", label: t("menu.recall"), act: () => recall(message) });
    }
  }
  return html`<${Popup} ...${place} label=${t("menu.open")} items=${items} />`;
}

function reply(conv, seq) {
  keepDraft(conv, { text: get().drafts[conv]?.text ?? "", reply_to: seq });
  document.querySelector(".composer textarea")?.focus();
}

/** A menu at a point, kept inside the window; arrows choose, Escape goes back to where it was opened. */
export function Popup({ items, x, y, opener, label, close }) {
  const box = useRef();
  useLayoutEffect(() => {
    const { offsetWidth, offsetHeight, style } = box.current;
    const left = Math.max(EDGE_PX, Math.min(x, window.innerWidth - offsetWidth - EDGE_PX));
    const top = y + offsetHeight + EDGE_PX > window.innerHeight ? Math.max(EDGE_PX, y - offsetHeight) : y;
    style.setProperty("left", `${left}px`);
    style.setProperty("top", `${top}px`);
    box.current.querySelector("button")?.focus({ preventScroll: true });
  }, [x, y]);
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
  };
  const key = (event) => {
    const all = [...box.current.querySelectorAll("button")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") back();
    else if (step) all.at((all.indexOf(document.activeElement) + step) % all.length).focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div class="menu" role="menu" aria-label=${label} ref=${box} onKeyDown=${key} onContextMenu=${(event) => event.preventDefault()}>
    ${items.map(({ icon, label: text, act, danger }) => html`<button type="button" role="menuitem" class=${danger ? "danger" : ""} key=${text} onClick=${() => (back(), act())}>
      <${Icon} name=${icon} /> ${text}
    </button>`)}
  </div>`;
}
