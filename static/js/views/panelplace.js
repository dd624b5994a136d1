/** Where the panel of emoji and stickers opens: beside the box to write in, and at a message to react to. */
import { html, useEffect, useLayoutEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { complain, react, sendSticker, typing } from "../acts.js";
import { keepDraft } from "../drafts.js";
import { useT } from "../i18n.js";
import { fetchSheet } from "../sheets.js";
import { get } from "../store.js";
import { useCover } from "./cover.js";
import { IconButton } from "./parts.js";

/** As the style sheets have it: there the panel takes the keyboard's place. */
const onPhone = () => matchMedia("(max-width: 699px)").matches;

let loading = null;

/** The panel and its style sheet; what did not come is asked for again. */
function load() {
  loading ??= Promise.all([import("./panel.js"), fetchSheet("emoji")]).then(([{ Panel }]) => Panel);
  loading.catch(() => {
    loading = null;
  });
  return loading;
}

/** The panel's view, fetched when it is first wanted; null until then. */
function usePanel(wanted, giveUp) {
  const [view, setView] = useState(null);
  useEffect(() => {
    if (!wanted || view) return;
    load().then(
      (Panel) => setView(() => Panel),
      () => {
        giveUp();
        complain({ error: "unreachable" });
      },
    );
  }, [wanted]);
  return wanted ? view : null;
}

/** For the box to write in: the button, and the panel where it is open. */
export function useInserting(conv, box) {
  const t = useT();
  const [open, setOpen] = useState(false);
  const opener = useRef();
  const caret = useRef(null);
  useCover(() => setOpen(false), open);
  const Panel = usePanel(open, () => setOpen(false));
  const text = get().drafts[conv]?.text;
  useLayoutEffect(() => {
    if (caret.current === null) return;
    box.current.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  }, [text]);

  const close = (back) => {
    setOpen(false);
    if (back) opener.current.focus();
  };
  const toggle = () => {
    if (open) return close(true);
    opener.current = document.activeElement === document.body ? box.current : document.activeElement;
    if (onPhone()) {
      opener.current = box.current;
      box.current.blur();
    }
    setOpen(true);
  };
  const insert = (emoji, how) => {
    const draft = get().drafts[conv] ?? { text: "" };
    const { value, selectionStart, selectionEnd } = box.current;
    caret.current = selectionStart + emoji.length;
    keepDraft(conv, { ...draft, text: value.slice(0, selectionStart) + emoji + value.slice(selectionEnd) });
    if (!draft.edit) typing(conv);
    if (how === "done") setOpen(false);
    if (how !== "more" && !onPhone()) box.current.focus();
  };
  const send = (name) => {
    sendSticker(conv, name);
    if (onPhone()) return;
    setOpen(false);
    box.current.focus();
  };
  const phone = open && onPhone();
  const label = t(phone ? "panel.keyboard" : "panel.title");
  // A press must not take the focus from the box: it comes back to where it was.
  const button = html`<${IconButton} icon=${phone ? "keyboard" : "smile"} label=${label} class=${open ? "on" : ""} aria-haspopup="dialog" aria-expanded=${open} onPointerDown=${(event) => event.preventDefault()} onMouseDown=${(event) => event.preventDefault()} onClick=${toggle} />`;
  const panel = Panel && html`<${Panel} onEmoji=${insert} onSticker=${send} close=${close} within=".composer" focus=${!onPhone()} />`;
  /** Whether a key in the box belonged to the panel: what floats in front goes first. */
  const key = (event) => {
    if (!open || event.key !== "Escape") return false;
    event.preventDefault();
    setOpen(false);
    return true;
  };
  return { button, panel, key, onFocus: () => phone && setOpen(false) };
}

/** For a message: one choice, and it is gone. */
export function Reacting({ message, x, y, opener, close }) {
  useCover(close);
  const Panel = usePanel(true, close);
  const leave = (back) => {
    close();
    if (back) opener?.focus?.({ preventScroll: true });
  };
  const pick = (emoji) => {
    leave(true);
    react(message, emoji);
  };
  return Panel && html`<${Panel} at=${{ x, y }} onEmoji=${pick} onSticker=${pick} close=${leave} focus=${!onPhone()} />`;
}
