/** How a new message is announced: by a sound, and where nobody looks at the page by the system's notification. */
import { openMessage } from "./acts.js";
import { file } from "./files.js";
import { t } from "./i18n.js";
import { recall, remember } from "./prefs.js";
import { get } from "./store.js";
import { nameOf, summary } from "./words.js";

/** Two notes, one after the other: pitch in Hz and when each begins, in seconds. */
const NOTES = [
  [660, 0],
  [880, 0.09],
];
const NOTE_SECONDS = 0.22;
const LOUDNESS = 0.06;

/** Sounds and notifications are matters of a device, so this browser remembers them. */
export const wantsSound = () => recall("sound", true);
export const wantSound = (on) => remember("sound", on);
export const wantsNotice = () => canNotify() && recall("notice", false) && Notification.permission === "granted";

export function canNotify() {
  return "Notification" in globalThis;
}

/** Asks the browser, by which it is the person who is asked. @returns whether notifications are on now */
export async function wantNotice(on) {
  const may = on && canNotify() && (await Notification.requestPermission()) === "granted";
  remember("notice", may);
  return may;
}

let audio = null;

export function chime() {
  if (!navigator.userActivation?.hasBeenActive) return; // browsers refuse it, and say so in the console
  audio ??= new AudioContext();
  for (const [pitch, start] of NOTES) {
    const [tone, volume, from] = [audio.createOscillator(), audio.createGain(), audio.currentTime + start];
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(LOUDNESS, from);
    volume.gain.exponentialRampToValueAtTime(0.0001, from + NOTE_SECONDS);
    tone.connect(volume).connect(audio.destination);
    tone.start(from);
    tone.stop(from + NOTE_SECONDS);
  }
}

/** @param {boolean} away  nobody looks at the page */
export function announce(message, { away }) {
  if (wantsSound()) chime();
  if (!away || !wantsNotice()) return;
  const { conv, from } = message;
  const { convs } = get();
  const group = convs[conv]?.group?.name;
  const name = nameOf(from) ?? t("app");
  const text = summary(message);
  // The next one of a conversation takes the place of the one before.
  const notice = new Notification(group ?? name, { body: group ? t("preview.from", { name, text }) : text, tag: conv, icon: file("img/icon.svg") });
  notice.onclick = () => {
    window.focus();
    openMessage(message);
    notice.close();
  };
}
