/** The pictures of a conversation, one after another, beyond what is loaded as well; and one in the clipboard. */
import { mediaUrl } from "./media.js";
import { loadNewer, loadOlder } from "./pages.js";
import { get } from "./store.js";

/** Loading on towards a picture stops after so many pages; the next try goes on from there. */
const PAGES = 10;

export function picturesOf(thread) {
  return (thread?.items ?? []).filter(({ kind, meta }) => kind === "image" && meta);
}

/** The next one in a direction (-1 older, 1 newer), or undefined where there is none. */
function beside(conv, seq, step) {
  const all = picturesOf(get().threads[conv]);
  return step < 0 ? all.findLast((message) => message.seq < seq) : all.find((message) => message.seq > seq);
}

/** Whether there is one, or may be one that is not loaded. */
export function maybeBeside(thread, seq, step) {
  const all = picturesOf(thread);
  if (step < 0) return !thread?.end || all[0]?.seq < seq;
  return Boolean(thread?.later) || all.at(-1)?.seq > seq;
}

/** The seq of the next picture, loading what lies between; null where there is none. */
export async function nextPicture(conv, seq, step) {
  for (let pages = 0; pages < PAGES; pages++) {
    const found = beside(conv, seq, step);
    if (found) return found.seq;
    const before = get().threads[conv];
    if (!before || (step < 0 ? before.end : !before.later)) return null;
    await (step < 0 ? loadOlder(conv) : loadNewer(conv));
    if (get().threads[conv]?.items.length === before.items.length) return beside(conv, seq, step)?.seq ?? null;
  }
  return null;
}

export function canCopyPictures() {
  return Boolean(globalThis.ClipboardItem && navigator.clipboard?.write && globalThis.OffscreenCanvas);
}

/** Clipboards take PNG alone. Rejects where the browser refuses. */
export function copyPicture({ content }) {
  const png = async () => {
    const picture = await createImageBitmap(await (await fetch(mediaUrl(content))).blob());
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext("2d").drawImage(picture, 0, 0);
    return canvas.convertToBlob({ type: "image/png" });
  };
  // A promise, so that the browser still sees the click that it comes from.
  return navigator.clipboard.write([new ClipboardItem({ "image/png": png() })]);
}
