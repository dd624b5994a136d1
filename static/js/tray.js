/** Files that were chosen for a conversation and are not sent yet. They stay with it while one looks elsewhere. */
import { send } from "./acts.js";
import { keepDraft } from "./drafts.js";
import { tooLarge } from "./media.js";
import { get, put } from "./store.js";
import { sendFiles } from "./uploads.js";

const NOTHING = Object.freeze([]);

/**
 * @typedef {object} Item
 * @property {string} id
 * @property {Blob} file
 * @property {"image"|"file"|"voice"} kind  what it seems to be: the server decides
 * @property {{name: string, size: number, width?: number, height?: number, duration?: number, waveform?: number[]}} meta
 * @property {string} [url]  of a picture, for this window alone
 */

/** @returns {Item[]} */
export function trayOf(state, conv) {
  return state.trays[conv] ?? NOTHING;
}

export function problemOf({ kind, meta }, limits) {
  return tooLarge({ kind, ...meta }, limits);
}

/** Whether there is something in it that would go. */
export function sendable(items, limits) {
  return items.some((item) => !problemOf(item, limits));
}

/** They stand there at once, in their order; how large a picture is, is found out meanwhile. */
export function addFiles(conv, files) {
  const items = files.map((file) => {
    const picture = file.type.startsWith("image/");
    const item = { id: crypto.randomUUID(), file, kind: picture ? "image" : "file", meta: { name: file.name, size: file.size } };
    return picture ? { ...item, url: URL.createObjectURL(file) } : item;
  });
  put("trays", conv, [...trayOf(get(), conv), ...items]);
  for (const item of items) if (item.url) measure(conv, item);
}

/** What the browser cannot draw is shown as a file; the server may still know it. */
async function measure(conv, { id, file, url }) {
  const change = (item) => put("trays", conv, trayOf(get(), conv).map((other) => (other.id === id ? { ...other, ...item(other) } : other)));
  try {
    const picture = await createImageBitmap(file);
    const { width, height } = picture;
    picture.close();
    change(({ meta }) => ({ meta: { ...meta, width, height } }));
  } catch {
    change(() => ({ kind: "file", url: undefined }));
    URL.revokeObjectURL(url);
  }
}

export function takeOut(conv, id) {
  const items = trayOf(get(), conv);
  for (const item of items) if (item.id === id && item.url) URL.revokeObjectURL(item.url);
  put("trays", conv, items.filter((item) => item.id !== id));
}

export function emptyTray(conv) {
  for (const { id } of trayOf(get(), conv)) takeOut(conv, id);
}

/** What was recorded, as an answer where one is being written. */
export function sendVoice(conv, { file, ms, name, waveform }) {
  const draft = get().drafts[conv] ?? { text: "" };
  const meta = { name, size: file.size, duration: ms, waveform };
  sendFiles(conv, [{ file, kind: "voice", meta }], draft.reply_to);
  keepDraft(conv, { ...draft, reply_to: undefined });
}

/** The files in their order, then what is written in the box. What is too large stays behind. */
export function sendAll(conv, draft) {
  const { limits } = get();
  const items = trayOf(get(), conv);
  const going = items.filter((item) => !problemOf(item, limits));
  put("trays", conv, items.filter((item) => problemOf(item, limits)));
  if (going.length) {
    sendFiles(conv, going, draft.reply_to);
    draft = { ...draft, reply_to: undefined };
    keepDraft(conv, draft);
  }
  if (draft.text.trim()) send(conv, draft);
}
