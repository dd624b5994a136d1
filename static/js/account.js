/** Everything of mine as a zip, taken to this computer. */
import { ApiError, notice, refusalOf } from "./api.js";
import { get } from "./store.js";

const EXPORT = "/api/user/export";

/** Until the browser has certainly begun to save. */
const SAVING_MS = 60_000;

/**
 * Fetched, and not followed as a link: so a refusal can be said beside the button, and a zip of which a part
 * is missing is never saved. The browser keeps a large one on its disk.
 * @param {(bytes: number) => void} tell  how much has come
 * @returns {Promise<string>} the name of the file; rejects with an ApiError, `cut` where not all came
 */
export async function exportMine(tell) {
  const name = `tornado-im-${get().me.uid}.zip`;
  const response = await fetch(EXPORT, { credentials: "same-origin" }).catch(() => null);
  if (!response?.ok) {
    const refusal = await refusalOf(response);
    notice(refusal);
    throw refusal;
  }
  try {
    const body = response.body.pipeThrough(counting(tell));
    save(await new Response(body, { headers: { "Content-Type": "application/zip" } }).blob(), name);
  } catch {
    throw new ApiError({ status: 0, error: "cut" });
  }
  return name;
}

function counting(tell) {
  let bytes = 0;
  return new TransformStream({
    transform(piece, controller) {
      controller.enqueue(piece);
      tell((bytes += piece.byteLength));
    },
  });
}

function save(blob, name) {
  const href = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), SAVING_MS);
}
