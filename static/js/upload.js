/** A body to the server, by XMLHttpRequest: fetch does not tell how much of it has gone. */
import { ApiError, notice } from "./api.js";

/** Nothing moves for so long: the connection is gone, whatever the browser says. */
const STILL_MS = 60_000;

export const ABORTED = "aborted";

/**
 * @param {{method?: string, path: string, headers?: object, body: Blob | FormData}} what
 * @param {(bytes: number, total: number) => void} progress  how much of the body has gone
 * @returns {{done: Promise<XMLHttpRequest>, stop: () => void}}  done: the answer, or an ApiError; "aborted" after stop
 */
export function sendBody({ method = "POST", path, headers = {}, body }, progress) {
  const request = new XMLHttpRequest();
  let timer;
  const done = new Promise((resolve, reject) => {
    const fail = (answer) => reject(new ApiError(answer));
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
    wait();
    request.send(body);
  });
  return { done, stop: () => request.abort() };
}

/**
 * A file in one piece.
 * @param {Blob} file
 * @param {string} name
 * @param {(part: number) => void} [progress]  how much has gone, 0 to 1
 * @returns {{done: Promise<object>, stop: () => void}}  done: the medium, or an ApiError; "aborted" after stop
 */
export function upload(file, name, progress = () => {}) {
  const body = new FormData();
  body.append("file", file, name);
  const { done, stop } = sendBody({ path: "/api/media", body }, (bytes, total) => progress(total ? bytes / total : 0));
  const medium = done.then(({ response }) => {
    if (!response) throw new ApiError({ status: 0, error: "unreachable" });
    return response.data;
  });
  medium.catch(notice);
  return { done: medium, stop };
}
