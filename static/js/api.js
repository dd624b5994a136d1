/** REST in one place: the envelope is opened here, and a refusal becomes an ApiError. */
import { recall } from "./prefs.js";

/** `status` 0 means that no answer came. */
export class ApiError extends Error {
  constructor({ status, error, msg, data, retryAfter }) {
    super(msg || error);
    this.name = "ApiError";
    Object.assign(this, { status, error, field: data?.field, rule: data?.rule, retryAfter });
  }

  /** The token is not good any more, or there is none. */
  get signedOut() {
    return this.status === 401 || TOKEN_WORDS.includes(this.error);
  }

  /** It would be refused again: what is asked is at fault, no server that is away or busy, and no token that may be renewed. */
  get lasting() {
    return this.status >= 400 && this.status < 500 && this.status !== 429 && !this.signedOut;
  }
}

const TOKEN_WORDS = ["token_superseded", "token_revoked", "device_mismatch", "banned"];

/** A server that does not answer is as good as away. */
const ANSWER_MS = 15_000;

let onSignedOut = () => {};

/** Called with the ApiError when a call finds that the token has died. */
export function whenSignedOut(listener) {
  onSignedOut = listener;
}

/** `quiet`: a dead token is not followed up; `keepalive`: the answer's cookie is kept even when the page goes meanwhile. */
async function call(method, path, body, { quiet = false, keepalive = false } = {}) {
  const answer = await exchange(method, path, body, keepalive).catch((refusal) => {
    if (!quiet) notice(refusal);
    throw refusal;
  });
  return answer.data;
}

/** Every refusal comes by here, so that one that says that the token has died is followed up. */
export function notice(refusal) {
  if (refusal.signedOut && refusal.error !== "bad_credentials") onSignedOut(refusal);
}

async function exchange(method, path, body, keepalive) {
  const options = { method, keepalive, credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_MS), headers: {} };
  options.headers["Accept-Language"] = document.documentElement.lang;
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const early = await takeEarly(method, path);
  if (early) return early;
  const response = await fetch(path, options).catch(() => null);
  if (!response?.ok) throw await refusalOf(response);
  return response.json().catch(() => {
    throw new ApiError({ status: 0, error: "unreachable" });
  });
}

/** The answer to what boot.js has asked already: once, and not after something or somebody may have changed. */
function takeEarly(method, path) {
  const { of, answers } = window.early ?? {};
  if (method !== "GET" || of !== JSON.stringify(recall("expires"))) answers?.clear();
  const answer = answers?.get(path);
  answers?.delete(path);
  return answer;
}

/** What an answer refuses with; `null` is one that did not come. */
export async function refusalOf(response) {
  const envelope = await response?.json().catch(() => null);
  return new ApiError({ error: "unreachable", ...envelope, status: response?.status ?? 0, retryAfter: Number(response?.headers.get("Retry-After")) });
}

export const api = {
  get: (path, options) => call("GET", path, undefined, options),
  post: (path, body = {}, options) => call("POST", path, body, options),
  patch: (path, body) => call("PATCH", path, body),
  put: (path, body) => call("PUT", path, body),
  delete: (path, body) => call("DELETE", path, body),
};

/** A conversation's path; its id holds a colon, which is lawful there. */
export function convPath(conv, rest = "") {
  return `/api/conversations/${encodeURIComponent(conv)}${rest}`;
}
