/** The token is renewed at half of its life, by one of the tabs for all, on whichever of our pages they are. */
import { ApiError, api } from "./api.js";
import { forget, recall, remember } from "./prefs.js";
import { get } from "./store.js";

/** When it is not known how long the token lives, or the clocks of here and there disagree. */
const RENEW_MS = 10 * 60_000;
/** Never sooner than this after the last time. */
const RENEW_LEAST_MS = 1_000;

let renewal;

export function startRenewal() {
  document.addEventListener("visibilitychange", () => get().phase === "in" && renewInTime());
}

export function forgetRenewal() {
  clearTimeout(renewal);
  forget("expires");
}

/** A token was made, by signing in or else; `expires_at` as the answer says. */
export function renewed({ expires_at }) {
  remember("expires", { at: expires_at, from: Date.now() });
}

/** Whether somebody is likely to be signed in, as boot.js sees it too: what is over is nobody's any more. */
export function remembered() {
  const known = recall("expires");
  return Boolean(known) && !(known.at > 0 && known.at < Date.now());
}

/** Half of the token's life after it was made. */
function dueAt() {
  const { at, from } = recall("expires", { at: 0, from: 0 });
  return from + (at > from ? (at - from) / 2 : RENEW_MS);
}

/** Sets the clock for the next renewal; again after a sleep, in which timers stand still. */
export function renewInTime() {
  if (!recall("expires")) renewed({ expires_at: 0 }); // signed in elsewhere: its life is not known here
  clearTimeout(renewal);
  if (get().phase === "in") renewal = setTimeout(renew, Math.max(RENEW_LEAST_MS, dueAt() - Date.now()));
}

/** Behind a renewal that another tab may be at, which ends the token that this one had before. */
export function behindRenewal(act) {
  return navigator.locks ? navigator.locks.request("tornado-im-renew", act) : act();
}

/** What was refused for a token that has just been replaced is asked once more, behind that. */
export async function pastRenewal(ask) {
  try {
    return await ask({ quiet: true });
  } catch (refusal) {
    if (!refusal.signedOut) throw refusal;
    return behindRenewal(ask);
  }
}

/** The lock, and the second look behind it, keep two tabs from superseding each other. */
async function renew() {
  const once = async () => {
    if (get().phase !== "in" || dueAt() > Date.now()) return;
    renewed(await api.post("/api/user/refresh", {}, { quiet: true, keepalive: true }));
  };
  try {
    await behindRenewal(once);
    renewInTime();
  } catch (refusal) {
    if (!(refusal instanceof ApiError)) throw refusal;
    renewal = setTimeout(renew, RENEW_MS); // the socket tells when the token has died before that
  }
}
