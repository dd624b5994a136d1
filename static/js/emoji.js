/**
 * Emoji without their views: what there is, what is found by words of either language, what was used of late,
 * in which tone of skin. The lists are `vendor/emoji*.json` and are fetched when the panel first opens.
 */
import { file } from "./files.js";
import { recall, remember } from "./prefs.js";
import { get } from "./store.js";
import { drawable } from "./emoji-drawable.js";

/** By their numbers in the list, in Unicode's order; 2 are parts of emoji. */
export const GROUPS = { 0: "smileys", 1: "people", 3: "animals", 4: "food", 5: "travel", 6: "activities", 7: "objects", 8: "symbols", 9: "flags" };

const LANGUAGES = ["en", "zh"];

/** Three rows of the panel. */
const RECENT_MAX = 27;

/** More than these nobody looks through; another letter finds the rest. */
const FOUND_MAX = 120;

const lists = new Map();

function fetched(name) {
  if (!lists.has(name)) {
    const list = fetch(file(`vendor/${name}.json`)).then((answer) => {
      if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
      return answer.json();
    });
    lists.set(name, list);
    list.catch(() => lists.delete(name)); // the next opening asks again
  }
  return lists.get(name);
}

/**
 * All emoji that this browser can draw, with their names in a language: `{emoji, tones, group, name, index}`.
 * Rejects where the lists do not come.
 */
export async function loadEmoji(lang) {
  const [rows, words] = await Promise.all([fetched("emoji"), fetched(`emoji-${lang}`)]);
  const known = rows.map(([emoji, group, version, tones], index) => ({ emoji, group, version, tones, index, name: words[index].split(/[=|]/u)[0] }));
  return drawable(known);
}

/** Those that have every word of a query, in Chinese or in English, the likeliest first. */
export async function findEmoji(known, query) {
  const wanted = query.trim().toLocaleLowerCase().split(/\s+/u);
  const words = await Promise.all(LANGUAGES.map((lang) => fetched(`emoji-${lang}`)));
  const ranked = known.map((one) => ({ one, rank: Math.min(...words.map((all) => rankOf(all[one.index].toLocaleLowerCase().split("|"), wanted))) }));
  return ranked.filter(({ rank }) => rank < Infinity).sort((a, b) => a.rank - b.rank).slice(0, FOUND_MAX).map(({ one }) => one);
}

/** The words of one emoji, its names first: 0 is called so, 1 begins so, 2 has such a word. */
function rankOf([called, ...tags], wanted) {
  const names = called.split("=");
  const parts = [...names.flatMap((name) => name.split(/[\s:,-]+/u)), ...tags];
  if (!wanted.every((word) => parts.some((part) => fits(part, word)))) return Infinity;
  const query = wanted.join(" ");
  if (names.includes(query)) return 0;
  return names.some((name) => name.startsWith(query)) ? 1 : parts.includes(query) ? 2 : 3;
}

/** Chinese has no blanks between words: there a part is enough. */
function fits(part, word) {
  return part.startsWith(word) || (/\p{sc=Han}/u.test(word) && part.includes(word));
}

/** 0 is none, 1 to 5 from light to dark. */
export function myTone() {
  return recall(`panel.${get().me.uid}.tone`, 0);
}

export function keepTone(tone) {
  remember(`panel.${get().me.uid}.tone`, tone);
}

export function toned({ emoji, tones }, tone) {
  return (tone && tones?.[tone - 1]) || emoji;
}

export function recentEmoji() {
  return recall(`panel.${get().me.uid}.recent`, []);
}

export function keepRecent(emoji) {
  const others = recentEmoji().filter((other) => other !== emoji);
  remember(`panel.${get().me.uid}.recent`, [emoji, ...others].slice(0, RECENT_MAX));
}
