/**
 * A large file, by tus 1.0: what has come of it stays with the server for a day, so a line that breaks costs only what
 * was on it. Where it lies is kept by whoever tries again.
 */
import { ApiError, notice, refusalOf } from "./api.js";
import { mediaUrl } from "./media.js";
import { ABORTED, sendBody } from "./upload.js";

/** Below, to begin anew costs less than to ask how much has come. */
export const RESUMABLE_BYTES = 1024 * 1024;

const PATH = "/api/media/tus";
const VERSION = { "Tus-Resumable": "1.0.0" };
const ANSWER_MS = 15_000;

/**
 * @param {Blob} file
 * @param {string} name
 * @param {{url?: string}} place  where it lies; the same one for each try
 * @param {(part: number) => void} progress  how much has gone, 0 to 1
 * @param {AbortSignal} signal  stops it
 * @returns {Promise<{id: string, kind: string, mime: string}>}  as {@link upload}
 */
export async function resume(file, name, place, progress, signal) {
  let come = place.url ? await howFar(place.url, signal) : null;
  if (!come) {
    place.url = await begin(file, name, signal);
    come = { offset: 0, medium: null };
  }
  const { offset } = come;
  progress(offset / file.size);
  return described(come.medium ?? (await rest(file, place.url, offset, progress, signal)), signal);
}

/** Nobody wants the rest of it. */
export function forget({ url }) {
  fetch(url, { method: "DELETE", headers: VERSION, keepalive: true }).catch(() => {}); // else it ends by itself
}

async function begin(file, name, signal) {
  const filename = btoa(String.fromCharCode(...new TextEncoder().encode(name)));
  const headers = { ...VERSION, "Upload-Length": file.size, "Upload-Metadata": `filename ${filename}` };
  const answer = await ask("POST", PATH, headers, signal);
  return answer.headers.get("Location");
}

/** @returns {Promise<{offset: number, medium: string | null} | null>}  null: the server does not know it any more */
async function howFar(url, signal) {
  const answer = await ask("HEAD", url, VERSION, signal, [404]);
  if (answer.status === 404) return null;
  return { offset: Number(answer.headers.get("Upload-Offset")), medium: answer.headers.get("X-Media-Id") };
}

async function rest(file, path, offset, progress, signal) {
  const headers = { ...VERSION, "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
  const what = { method: "PATCH", path, headers, body: file.slice(offset) };
  const answer = await sendBody(what, (bytes) => progress((offset + bytes) / file.size), signal);
  return answer.getResponseHeader("X-Media-Id");
}

/** What the server has found it to be. */
async function described(id, signal) {
  const { headers } = await ask("HEAD", mediaUrl(id), {}, signal);
  const mime = headers.get("Content-Type");
  const attached = headers.get("Content-Disposition")?.startsWith("attachment");
  return { id, kind: attached ? "file" : mime.startsWith("image/") ? "image" : "voice", mime };
}

async function ask(method, path, headers, signal, also = []) {
  let answer;
  try {
    headers = { ...headers, "Accept-Language": document.documentElement.lang };
    answer = await fetch(path, { method, headers, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) });
  } catch {
    throw new ApiError({ status: 0, error: signal.aborted ? ABORTED : "unreachable" });
  }
  if (answer.ok || also.includes(answer.status)) return answer;
  const refusal = await refusalOf(answer);
  notice(refusal);
  throw refusal;
}
