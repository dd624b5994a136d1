/** Plays voice messages, one at a time; what is behind one and was not played yet plays on by itself. */
import { complain } from "./acts.js";
import { mediaUrl } from "./media.js";
import { isUnplayed, keyOf, markPlayed } from "./played.js";
import { recall, remember } from "./prefs.js";
import { get, set } from "./store.js";

export const RATES = [1, 1.5, 2];

/** key -> how far one was played that is not playing, in seconds */
const places = new Map();

let audio = null;
let current = null;

function element() {
  if (audio) return audio;
  audio = new Audio();
  audio.addEventListener("play", () => show(true));
  audio.addEventListener("pause", () => show(false));
  audio.addEventListener("ended", finished);
  audio.addEventListener("error", failed);
  return audio;
}

/** `playing` in the state: which one, and whether it is heard or rests. */
function show(on) {
  if (current) set({ playing: { key: keyOf(current), on } });
}

export function rate() {
  return recall("rate", RATES[0]);
}

export function nextRate() {
  remember("rate", RATES[(RATES.indexOf(rate()) + 1) % RATES.length]);
  if (audio) audio.playbackRate = rate();
}

/** Where a message stands, in seconds. */
export function placeOf(message) {
  return current && keyOf(current) === keyOf(message) ? audio.currentTime : (places.get(keyOf(message)) ?? 0);
}

export function toggle(message) {
  if (!current || keyOf(current) !== keyOf(message)) start(message);
  else if (audio.paused) play();
  else audio.pause();
}

/** To a place of it, whether it plays or not. */
export function seek(message, seconds) {
  const place = Math.min(Math.max(0, seconds), message.meta.duration / 1000);
  places.set(keyOf(message), place);
  if (current && keyOf(current) === keyOf(message)) audio.currentTime = place;
}

/** Rests, because something else is to be heard or recorded. */
export function rest() {
  audio?.pause();
}

/** Its bubble is gone: nobody could stop it any more. */
export function leave(message) {
  if (current && keyOf(current) === keyOf(message)) stop();
}

function stop() {
  if (!current) return;
  places.set(keyOf(current), audio.currentTime);
  current = null;
  audio.pause();
  audio.removeAttribute("src");
  audio.load();
  set({ playing: null });
}

function start(message) {
  stop();
  const sound = element();
  current = message;
  sound.src = mediaUrl(message.content);
  sound.defaultPlaybackRate = rate();
  sound.playbackRate = rate();
  sound.currentTime = places.get(keyOf(message)) ?? 0;
  markPlayed(message);
  play();
}

function play() {
  audio.play().catch(({ name }) => {
    if (name === "NotAllowedError") show(false); // the browser wants a click first
  });
}

function finished() {
  const message = current;
  places.delete(keyOf(message));
  current = null;
  set({ playing: null });
  const next = get().threads[message.conv]?.items.find((one) => one.seq > message.seq && one.kind === "voice" && isUnplayed(one, get()));
  if (next) start(next);
}

function failed() {
  if (!current) return; // the source was taken away on purpose
  current = null;
  set({ playing: null });
  complain({ error: "unplayable" });
}
