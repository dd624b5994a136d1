/**
 * Which voice messages were played on this device. Kept in localStorage by conversation and seq: the server
 * knows nothing of it. What is older than the first visit here counts as played.
 */
import { recall, remember } from "./prefs.js";
import { get, set } from "./store.js";

/** Of more than these the oldest are forgotten, and all that is as old counts as played. */
const KEPT = 2_000;

export function keyOf({ conv, seq }) {
  return `${conv} ${seq}`;
}

/** @returns {{since: number, keys: Object<string, number>}}  keys: when each was sent */
export function loadPlayed(uid) {
  const played = recall(`played.${uid}.voices`) ?? { since: Date.now(), keys: {} };
  remember(`played.${uid}.voices`, played);
  return played;
}

export function isUnplayed(message, { me, played }) {
  const { from, seq, time } = message;
  return Boolean(seq) && from !== me.uid && time > played.since && !(keyOf(message) in played.keys);
}

export function markPlayed(message) {
  const { me } = get();
  if (!isUnplayed(message, get())) return;
  const { since, keys } = loadPlayed(me.uid); // another tab may have played some
  const all = Object.entries({ ...keys, [keyOf(message)]: message.time }).sort(([, a], [, b]) => b - a);
  const lost = all[KEPT]?.[1] ?? 0;
  const played = { since: Math.max(since, lost), keys: Object.fromEntries(all.slice(0, KEPT)) };
  remember(`played.${me.uid}.voices`, played);
  set({ played });
}
