/** A body to the server, by XMLHttpRequest: fetch does not tell how much of it has gone. */
import { ApiError, notice } from "./api.js";

/** Nothing moves for so long: the connection is gone, whatever the browser says. */
const STILL_MS = 60_000;

export const ABORTED = "aborted";

/**
 * @param {{method?: string, path: string, headers?: object, body: Blob | FormData}} what
 * @param {(bytes: number, total: number) => void} progress  how much of the body has gone
 * @param {AbortSignal} [signal]  stops it
 * @returns {Promise<XMLHttpRequest>}  the answer, or an ApiError; "aborted" after the signal
 */
export function sendBody({ method = "POST", path, headers = {}, body }, progress, signal) {
  const request = new XMLHttpRequest();
  let timer;
  return new Promise((resolve, reject) => {
    const fail = (answer) => {
      const refusal = new ApiError(answer);
      notice(refusal);
      reject(refusal);
    };
    if (signal?.aborted) return void fail({ status: 0, error: ABORTED });
    const unreachable = () => fail({ status: request.status, error: "unreachable" });
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => (unreachable(), request.abort()), STILL_MS);
    };
    request.open(method, path);
    request.setRequestHeader("Accept-Language", document.documentElement.lang);
    for (const [header, value] of Object.entries(headers)) request.setRequestHeader(header, value);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => {
      wait();
      progress(loaded, total);
    };
    request.onload = () => {
      const { status, response } = request;
      if (status >= 200 && status < 300) resolve(request);
      else if (!response?.error) unreachable();
      else fail({ ...response, status, retryAfter: Number(request.getResponseHeader("Retry-After")) });
    };
    request.onerror = unreachable;
    request.onabort = () => fail({ status: 0, error: ABORTED });
    request.onloadend = () => clearTimeout(timer);
    signal?.addEventListener("abort", () => request.abort());
    wait();
    request.send(body);
  });
}

/**
 * A file in one piece.
 * @param {Blob} file
 * @param {string} name
 * @param {(part: number) => void} [progress]  how much has gone, 0 to 1
 * @param {AbortSignal} [signal]  stops it
 * @returns {Promise<{id: string, kind: string, mime: string}>}  the medium, or an ApiError; "aborted" after the signal
 */
export async function upload(file, name, progress = () => {}, signal) {
  const body = new FormData();
  body.append("file", file, name);
  const { response } = await sendBody({ path: "/api/media", body }, (bytes, total) => progress(total ? bytes / total : 0), signal);
  if (!response) throw new ApiError({ status: 0, error: "unreachable" });
  return response.data;
}
