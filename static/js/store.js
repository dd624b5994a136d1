/**
 * The state of the page: one plain object, replaced piece by piece and never changed in place.
 *
 * Views read it with `useStore`, everything else writes it with `set`. State in, view out.
 */
import { useEffect, useReducer, useRef } from "../vendor/preact-htm.js";

const EMPTY = Object.freeze({
  /** "boot" (asking who I am), "unreachable", "out" (sign-in card), "in" */
  phase: "boot",
  /** conv -> conversation, as in the list of the contract */
  convs: {},
  listed: false,
  /** uid -> public profile */
  users: {},
  /**
   * conv -> {items, end, later, loading, failed}: the messages loaded, ascending by seq and without a gap;
   * end: there are none before them; later: there are some after them
   */
  threads: {},
  /** {conv, seq} of a message that its thread is to show */
  target: null,
  /** conv -> the group as its members see it, once it was asked for */
  groups: {},
  /** conv -> {uid: how far that one has read}, of groups that were opened */
  reads: {},
  /** conv -> entries of the outbox */
  outbox: {},
  /** conv -> files that were chosen and are not sent, see tray.js */
  trays: {},
  /** id of a message -> how much of its file has gone, in percent */
  uploads: {},
  /** the voice message that is heard, or rests: {key, on} */
  playing: null,
  /** which were played on this device, see played.js */
  played: { since: 0, keys: {} },
  /** what the server takes: {image, file, voice}, bytes, bytes and ms, 0 for no limit */
  limits: null,
  /** conv -> {text, reply_to?, names?: {uid: name that stands behind an "@"}, edit?: a seq, kept?: the draft before} */
  drafts: {},
  /** conv -> {uid: time when it ends} */
  typing: {},
  /** uids that I block */
  blocked: [],
  /** "conv seq" -> the text of what I recalled in this run, for "edit again" */
  recalled: {},
  /** {lang, packs as the server lists them, known: {"pack/name": sticker}}, once a view asked */
  stickers: null,
  /** when another device signed in or out */
  sessionsChanged: 0,
  /** the socket: {state, retryAt} */
  link: { state: "stopped", retryAt: 0 },
  /** what stands in front of everything: {name, ...} */
  dialog: null,
  toast: null,
});

let state = {
  ...EMPTY,
  me: null,
  lang: "en",
  theme: "system",
  /** how many dialogs are open, one in front of another */
  fronts: 0,
  route: { name: "home" },
  /** The code of the link that led here, until it is answered; signing in is no answer. */
  invitation: null,
  network: navigator.onLine,
};
const listeners = new Set();

export function get() {
  return state;
}

/** Lays a patch over the state; a function gets the state and returns the patch. */
export function set(patch) {
  state = { ...state, ...(typeof patch === "function" ? patch(state) : patch) };
  for (const listener of [...listeners]) listener();
}

/** Replaces one entry of a map in the state: `put("threads", conv, thread)`. */
export function put(map, key, value) {
  set({ [map]: { ...state[map], [key]: value } });
}

/**
 * Forgets all that belongs to a person; language, theme and place stay. So does `me` until the next one
 * signs in, because views that are about to go are asked once more.
 */
export function clear() {
  set({ ...EMPTY });
}

export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether there is a socket that is ready: drawn again when that changes. */
export function useConnected() {
  return useStore(({ link }) => link.state === "ready");
}

/** A view's window on the state: renders again when what `select` returns is another value. */
export function useStore(select) {
  const [, render] = useReducer((count) => count + 1, 0);
  const selected = select(state);
  const seen = useRef();
  seen.current = { select, selected };
  useEffect(() => {
    const look = () => {
      const { select: choose, selected: before } = seen.current;
      if (!Object.is(choose(state), before)) render();
    };
    look(); // something may have changed since the view was drawn
    return subscribe(look);
  }, []);
  return selected;
}
