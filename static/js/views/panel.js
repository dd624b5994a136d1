/**
 * The panel of emoji and stickers: over the box to write in, at a point where one reacts, and on a phone in the
 * keyboard's place. It is loaded when it first opens.
 */
import { html, useEffect, useLayoutEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";
import { recall, remember } from "../prefs.js";
import { get } from "../store.js";
import { useEmojis } from "./emojis.js";
import { Icon } from "./parts.js";
import { useStickerTab } from "./stickers.js";

const TABS = { emoji: "smile", stickers: "sticker" };

/** Kept free between a floating panel and the edge of the window. */
const EDGE_PX = 8;

/**
 * @param {{x: number, y: number}} [at]  where it floats; without it, it belongs to the box to write in
 * @param {(emoji: string, how: "press" | "done" | "more") => void} onEmoji  by a press; by Enter, which is
 *   done with it, or by Shift+Enter, which wants more
 * @param {(name: string) => void} onSticker
 * @param {(back: boolean) => void} close  back: the focus goes where it was
 * @param {string} [within]  a press outside of it closes the panel
 */
export function Panel({ at, onEmoji, onSticker, close, within = ".panel", focus = true }) {
  const t = useT();
  const box = useRef();
  const [tab, setTab] = useTab();
  const views = { emoji: useEmojis(onEmoji, tab === "emoji"), stickers: useStickerTab(onSticker, tab === "stickers") };
  const { head, body } = views[tab];
  usePlace(box, at);
  useLayoutEffect(() => {
    if (focus) views[tab].focus(); // before the next key, which may come at once
  }, []);
  useEffect(() => {
    const outside = (event) => !event.target.closest?.(`${within}, .panel-veil`) && close(false);
    // A finger that scrolls the thread, or is held on a message, is not done with the panel below it.
    const press = matchMedia("(hover: none)").matches ? "click" : "pointerdown";
    document.addEventListener(press, outside, true);
    return () => document.removeEventListener(press, outside, true);
  }, []);
  const key = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    close(true);
  };
  return html`
  ${at && html`<div class="panel-veil" onClick=${() => close(true)}></div>`}
  <div class=${`panel ${at ? "at-point" : ""}`} role="dialog" aria-label=${t("panel.title")} ref=${box} onKeyDown=${key}>
    <div class="panel-head">
      <div class="panel-tabs" role="tablist" onKeyDown=${turn}>
        ${Object.entries(TABS).map(([name, icon]) => html`<button type="button" role="tab" key=${name} id=${`panel-tab-${name}`} aria-selected=${name === tab} aria-controls="panel-body" tabindex=${name === tab ? 0 : -1}
          aria-label=${t(`panel.${name}`)} title=${t(`panel.${name}`)} onClick=${() => setTab(name)}><${Icon} name=${icon} /></button>`)}
      </div>
      ${head}
    </div>
    <div class="panel-body" id="panel-body" role="tabpanel" aria-labelledby=${`panel-tab-${tab}`} key=${tab}>${body}</div>
  </div>`;
}

/** The tab that was open last. */
function useTab() {
  const key = `panel.${get().me.uid}.tab`;
  const [tab, setTab] = useState(() => (recall(key) in TABS ? recall(key) : "emoji"));
  return [
    tab,
    (name) => {
      remember(key, name);
      setTab(name);
    },
  ];
}

/** Arrows turn from tab to tab. */
function turn(event) {
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
  const other = event.currentTarget.querySelector('[aria-selected="false"]');
  event.preventDefault();
  other.focus();
  other.click();
}

/** Below its point, or above it, inside the window; on a phone the style sheet puts it at the lower edge. */
function usePlace(box, at) {
  useLayoutEffect(() => {
    if (!at) return;
    const { offsetWidth, offsetHeight, style } = box.current;
    const { innerWidth, innerHeight } = window;
    const left = Math.min(at.x - offsetWidth / 3, innerWidth - offsetWidth - EDGE_PX);
    const below = at.y + EDGE_PX + offsetHeight + EDGE_PX <= innerHeight;
    const top = below ? at.y + EDGE_PX : Math.min(at.y, innerHeight) - offsetHeight - EDGE_PX;
    style.setProperty("--left", `${Math.max(EDGE_PX, left)}px`);
    style.setProperty("--top", `${Math.max(EDGE_PX, top)}px`);
  }, []);
}
