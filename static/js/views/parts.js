/** Small things that every view uses: icons, avatars, buttons, and hooks for names, time and the focus. */
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";
import { mediaUrl } from "../media.js";
import { useStore } from "../store.js";
import { initials } from "../text.js";

/** Avatars' colours are `--avatar-0` to `--avatar-7` in css/tokens.css. */
const AVATAR_COLOURS = 8;

export function Icon({ name, label }) {
  const named = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return html`<svg class="icon" ...${named}><use href=${`#icon-${name}`} /></svg>`;
}

/** A round or square button of one icon; its label is its name and its tooltip. */
export function IconButton({ icon, label, onClick, class: more = "", ...rest }) {
  return html`<button type="button" class=${`icon-button ${more}`} aria-label=${label} title=${label} onClick=${onClick} ...${rest}>
    <${Icon} name=${icon} />
  </button>`;
}

/**
 * Of a person, of my notes, or of a group, which has corners. `picture` is a medium; a person's is known by
 * the uid. The initials stand below it, so that something is there while it loads, and if it does not.
 */
export function Avatar({ uid, name, size = "", notes = false, online = false, group = false, picture }) {
  const t = useT();
  const known = useStore((state) => (notes || group ? null : state.users[uid]?.avatar));
  const shown = picture ?? known;
  return html`<span class=${`avatar ${size} ${group ? "of-group" : ""} tint-${notes ? "notes" : uid % AVATAR_COLOURS}`}>
    <span aria-hidden="true">${notes ? html`<${Icon} name="bookmark" />` : initials(name || "?")}</span>
    ${shown && html`<${Face} key=${shown} medium=${shown} />`}
    ${online && html`<span class="online-dot" role="img" aria-label=${t("online")} title=${t("online")}></span>`}
  </span>`;
}

function Face({ medium }) {
  const [broken, setBroken] = useState(false);
  return !broken && html`<img class="avatar-picture" src=${mediaUrl(medium, { thumb: true })} alt="" loading="lazy" decoding="async" draggable=${false} onError=${() => setBroken(true)} />`;
}

/** What to call somebody: an account that has ended has no name left. */
export function useName(uid) {
  const t = useT();
  const profile = useStore((state) => state.users[uid]);
  if (!profile) return "…";
  return profile.nickname || profile.user_name || t("deleted");
}

/** Draws again when one of these people is called otherwise, and not at every change of anybody. */
export function useNames(uids) {
  useStore(({ users }) => uids.map((uid) => users[uid] && `${users[uid].nickname} ${users[uid].user_name}`).join("\n"));
}

/** The present moment, again every `ms`; 0 stops it. */
export function useNow(ms) {
  const [now, tick] = useState(Date.now());
  useEffect(() => {
    if (!ms) return undefined;
    const timer = setInterval(() => tick(Date.now()), ms);
    return () => clearInterval(timer);
  }, [ms]);
  return now;
}

/** Once `open` has ended, the focus goes to what `find` gives: what was closed had it. */
export function useFocusAfter(open, find) {
  const opened = useRef(false);
  useEffect(() => {
    if (opened.current && !open) find()?.focus();
    opened.current = open;
  }, [open]);
}

/** On a phone the keyboard would cover the thread that one came to read. */
export function mayFocus() {
  return matchMedia("(hover: hover)").matches;
}

/** To the box to write in, where there is one. */
export function focusBox() {
  document.querySelector(".composer textarea")?.focus();
}

export function Spinner() {
  return html`<span class="spinner" aria-hidden="true"></span>`;
}
