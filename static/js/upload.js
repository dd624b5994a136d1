/** One file to the server, by XMLHttpRequest: fetch does not tell how much of a body has gone. */
import { ApiError, notice } from "./api.js";

/** Nothing moves for so long: the connection is gone, whatever the browser says. */
const STILL_MS = 60_000;

const ABORTED = "aborted";

/**
 * @param {Blob} file
 * @param {string} name
 * @param {(part: number) => void} [progress]  how much has gone, 0 to 1
 * @returns {{done: Promise<object>, stop: () => void}}  done: the medium, or an ApiError; "aborted" after stop
 */
export function upload(file, name, progress = () => {}) {
  const request = new XMLHttpRequest();
  let timer;
  const done = new Promise((resolve, reject) => {
    const fail = (answer) => reject(new ApiError(answer));
    const unreachable = () => fail({ status: request.status, error: "unreachable" });
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => (unreachable(), request.abort()), STILL_MS);
    };
    request.open("POST", "/api/media");
    request.setRequestHeader("Accept-Language", document.documentElement.lang);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => {
      wait();
      progress(total ? loaded / total : 0);
    };
    request.onload = () => {
      const { status, response } = request;
      if (status === 201 && response) resolve(response.data);
      else if (!response?.error) unreachable();
      else fail({ ...response, status, retryAfter: Number(request.getResponseHeader("Retry-After")) });
    };
    request.onerror = unreachable;
    request.onabort = () => fail({ status: 0, error: ABORTED });
    request.onloadend = () => clearTimeout(timer);
    const form = new FormData();
    form.append("file", file, name);
    wait();
    request.send(form);
  });
  done.catch(notice);
  return { done, stop: () => request.abort() };
}
