/** What can be said of a picture, a voice or a file without asking anybody: its address, its size on the page, its words. */
import { locale, t } from "./i18n.js";

/** The longest side of a picture in a thread, and what its time must have room for, in px. */
const SHOWN_PX = 320;
const LEAST_PX = { width: 112, height: 64 };

/** Files that are small themselves are shown as they are: sharper on a good screen, and GIFs move. */
const SHARP_BYTES = 400 * 1024;
const MOVING_BYTES = 3 * 1024 * 1024;

const UNITS = ["B", "KB", "MB", "GB", "TB"];

export function mediaUrl(id, { thumb = false } = {}) {
  return `/api/media/${encodeURIComponent(id)}${thumb ? "?thumb=1" : ""}`;
}

/** The address of a picture in a thread: mostly its thumb. */
export function pictureUrl({ content, meta }, { density = 1, still = false } = {}) {
  const moving = meta.mime === "image/gif" && !still && meta.size <= MOVING_BYTES;
  const sharp = density > 1 && meta.size <= SHARP_BYTES && meta.mime !== "image/gif";
  return mediaUrl(content, { thumb: !moving && !sharp });
}

/** How large a picture stands in a thread: `{width, height}` in px; what is very long or wide is cut, small is kept small. */
export function fitted({ width = SHOWN_PX, height = SHOWN_PX } = {}) {
  const scale = Math.min(1, SHOWN_PX / width, SHOWN_PX / height);
  return {
    small: width < LEAST_PX.width && height < SHOWN_PX,
    width: Math.max(LEAST_PX.width, Math.round(width * scale)),
    height: Math.max(LEAST_PX.height, Math.round(height * scale)),
  };
}

/** A size as people write it: 1 KB is 1024 bytes, as in their file managers. */
export function sizeText(bytes) {
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) [value, unit] = [value / 1024, unit + 1];
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return `${new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value)} ${UNITS[unit]}`;
}

/** 7,400 ms is 0:07. */
export function lengthText(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** The end of a name stays when its middle is left out: `[head, tail]`. */
const TAIL = 10;
const FROM_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;

export function halves(name) {
  const points = [...name];
  if (FROM_RIGHT.test(name)) return [name, ""]; // two pieces of it would be read in the wrong order
  return points.length <= TAIL * 2 ? [name, ""] : [points.slice(0, -TAIL).join(""), points.slice(-TAIL).join("")];
}

const ICONS = [
  ["file-archive", /zip|compressed|x-tar|gzip|x-7z|x-rar/, /\.(zip|tar|gz|tgz|bz2|xz|7z|rar|zst)$/i],
  ["file-spreadsheet", /spreadsheet|excel|csv/, /\.(xlsx?|ods|csv|numbers)$/i],
  ["presentation", /presentation|powerpoint/, /\.(pptx?|odp|key)$/i],
  ["file-text", /pdf|msword|wordprocessing|^text\//, /\.(pdf|docx?|odt|rtf|txt|md|pages|epub)$/i],
  ["file-music", /^audio\//, /\.(mp3|m4a|aac|flac|ogg|opus|wav|wma)$/i],
  ["file-play", /^video\//, /\.(mp4|m4v|mov|webm|mkv|avi|wmv)$/i],
  ["file-image", /^image\//, /\.(jpe?g|png|gif|webp|avif|heic|svg|psd|tiff?|bmp)$/i],
  ["file-code", /json|javascript|xml/, /\.(js|mjs|ts|json|html?|css|xml|ya?ml|toml|py|go|rs|java|kt|c|cc|cpp|h|sh|sql|rb|php)$/i],
];

/** The icon of a file: by what is in it, else by what its name says, which is only a hint. */
export function fileIcon({ mime = "", name = "" }) {
  const found = ICONS.find(([, kind]) => kind.test(mime)) ?? ICONS.find(([, , ending]) => ending.test(name));
  return found?.[0] ?? "file";
}

/** What is too large for the server, said in words before it is sent; null where it may go. */
export function tooLarge({ kind, size, width = 0, height = 0 }, limits) {
  const most = limits?.[kind === "image" ? "image" : "file"];
  if (most && size > most) return t("tray.large", { size: sizeText(most) });
  return width * height > MEGAPIXELS * 1e6 ? t("tray.pixels", { n: MEGAPIXELS }) : null;
}

const MEGAPIXELS = 40;

/** How long a recording may become, by what the server takes as a voice; 0 is its "no limit". */
export function longest(voiceMs) {
  return Math.min(LONGEST_MS, voiceMs || LONGEST_MS) - LATE_MS;
}

const LONGEST_MS = 60_000;
/** Recorders stop a little late. */
const LATE_MS = 300;
