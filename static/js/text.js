/** What can be said of a text without asking anybody: its length, its links, whether it is only emoji. */

/** As the server counts: code points after NFC. */
export function length(text) {
  return [...text.normalize("NFC")].length;
}

export const MAX_LENGTH = 4_000;

const EMOJI = String.raw`(?:\p{RI}\p{RI}|[0-9#*]\uFE0F?\u20E3|\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F?)`;
const MODIFIED = String.raw`${EMOJI}[\p{EMod}\u{E0020}-\u{E007F}]*`;
const ONLY_EMOJI = new RegExp(String.raw`^(?:\s*${MODIFIED}(?:\u200D${MODIFIED})*\s*){1,6}$`, "u");

/** One to six emoji and nothing else are shown large. */
export function onlyEmoji(text) {
  return text.length <= 120 && ONLY_EMOJI.test(text);
}

const LINK = /\b(?:https?:\/\/|www\.)[^\s<>"'`\u3000-\u303f\uff00-\uff65]+/giu;
const TRAILING = /[.,:;!?\u2026)\]}*_~]+$/u;

/** Splits into `{text}` and `{text, href}`; only http and https ever become a link. */
export function links(text) {
  const parts = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(LINK)) {
    const shown = trimmed(found);
    const href = address(shown);
    if (!href) continue;
    if (index > from) parts.push({ text: text.slice(from, index) });
    parts.push({ text: shown, href });
    from = index + shown.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

const BRACKETS = { ")": "(", "]": "[", "}": "{" };

/** The full stop behind a link is the sentence's, and so is a bracket that was opened before it. */
function trimmed(found) {
  let shown = found.replace(TRAILING, "");
  for (;;) {
    const next = found[shown.length];
    const opening = BRACKETS[next];
    if (!opening || shown.split(opening).length <= shown.split(next).length) return shown;
    shown += next;
  }
}

function address(shown) {
  try {
    const url = new URL(/^www\./i.test(shown) ? `https://${shown}` : shown);
    return url.hostname.includes(".") || url.hostname === "localhost" || url.port ? url.href : null;
  } catch {
    return null;
  }
}

/** One line for previews and quotes. */
export function oneLine(text, max = 160) {
  const line = text.replace(/\s+/gu, " ").trim();
  return line.length > max ? `${[...line].slice(0, max).join("")}…` : line;
}

/** What stands before the first hit of an excerpt, and how much there is in all, in code points. */
const BEFORE = 16;
const EXCERPT = 120;

/** The piece of a text around the first of its hits, as `{text, hit}`; hits are positions in code points. */
export function excerpt(text, hits) {
  const points = [...text];
  const from = Math.max(0, (hits[0]?.[0] ?? 0) - BEFORE);
  const to = Math.min(points.length, from + EXCERPT);
  const piece = (start, end) => points.slice(start, end).join("").replace(/\s+/gu, " ");
  const parts = from > 0 ? [{ text: "…" }] : [];
  let at = from;
  for (const [start, end] of hits) {
    if (start >= to) break;
    parts.push({ text: piece(at, start) }, { text: piece(start, Math.min(end, to)), hit: true });
    at = Math.min(end, to);
  }
  parts.push({ text: piece(at, to) + (to < points.length ? "…" : "") });
  return parts;
}

/** Scripts in which two initials stand beside each other; in others one character says enough, or they join. */
const PAIRED = /^[\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Greek}]/u;

/** What stands in an avatar without a picture. */
export function initials(name) {
  const words = name.trim().split(/[\s_.-]+/u).filter(Boolean);
  const first = words[0] ?? "?";
  const second = words.length > 1 && PAIRED.test(first) && PAIRED.test(words.at(-1)) ? words.at(-1) : "";
  return ([...first][0] + ([...second][0] ?? "")).toUpperCase();
}
