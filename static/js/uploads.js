/**
 * Files on their way. Each takes its place among the unsent messages, is uploaded when its turn comes, and
 * then goes out like any message. A file lives in this tab alone: who leaves while one is on its way is asked.
 */
import { ApiError } from "./api.js";
import { client } from "./chat.js";
import { backOff } from "./im-wire.js";
import { get, put, set, subscribe } from "./store.js";

/** More at once do not arrive sooner. */
const AT_ONCE = 2;
/** While the server is there but does not take it. */
const TRIES = 5;

/** id of the message -> {id, file, meta, place, tries, going?: AbortController, timer?, refused?}, in their order */
const jobs = new Map();
/** Pictures of this window, until the server's own is there. */
const previews = new Map();

/** The two ways of a file, in one piece and resumable: nothing is shown or written with them, so they come later. */
export async function fetchWays() {
  const [{ upload }, ways] = await Promise.all([import("./upload.js"), import("./resumable.js")]);
  return { upload, ...ways };
}

export function startUploads() {
  let before = get();
  subscribe(() => {
    const now = get();
    if (now.phase !== "in" && before.phase === "in") dropAll();
    else if (now.link.state === "ready" && before.link.state !== "ready") goOn();
    before = now;
  });
}

function goOn() {
  for (const job of jobs.values()) {
    clearTimeout(job.timer);
    Object.assign(job, { timer: null, tries: 0 });
  }
  pump();
}

/** @param {import("./tray.js").Item[]} items */
export function sendFiles(conv, items, reply_to) {
  for (const [index, { file, kind, meta, url }] of items.entries()) {
    const { id } = client.reserve({ conv, kind, meta, ...(reply_to && index === 0 && { reply_to }) });
    jobs.set(id, { id, file, meta, place: {}, tries: 0 });
    if (url) previews.set(id, url);
  }
  leaving();
  pump();
}

/** The picture as this window has it; see {@link forgetPreview}. */
export function previewOf(id) {
  return previews.get(id);
}

/** The server's picture stands in its place. */
export function forgetPreview(id) {
  if (jobs.has(id)) return;
  URL.revokeObjectURL(previews.get(id));
  previews.delete(id);
}

/** Whether it was a file that waits to be uploaded again. */
export function retryUpload(id) {
  const job = jobs.get(id);
  if (!job) return false;
  jobs.delete(id); // it goes to the end, as its message does
  jobs.set(id, { ...job, tries: 0, refused: false });
  client.outbox.retry(id);
  pump();
  return true;
}

/** Gives a file up, whether it is on its way or not. */
export function cancelUpload(id) {
  const job = jobs.get(id);
  finish(id);
  job?.going?.abort();
  if (job?.place.url) fetchWays().then(({ forget }) => forget(job.place));
  forgetPreview(id);
  client.outbox.remove(id);
  pump();
}

function dropAll() {
  for (const { id, going } of [...jobs.values()]) {
    finish(id);
    going?.abort();
  }
  for (const id of [...previews.keys()]) forgetPreview(id);
}

function finish(id) {
  clearTimeout(jobs.get(id)?.timer);
  jobs.delete(id);
  unshow(id);
  leaving();
}

function unshow(id) {
  const { [id]: _, ...others } = get().uploads;
  set({ uploads: others });
}

function pump() {
  let free = AT_ONCE;
  for (const job of jobs.values()) {
    if (job.refused) continue;
    if (free-- === 0) return;
    if (!job.going && !job.timer) go(job);
  }
}

async function go(job) {
  const { id, file, meta, place } = job;
  const show = (part) => {
    const percent = Math.floor(part * 100);
    if (jobs.has(id) && get().uploads[id] !== percent) put("uploads", id, percent);
  };
  show(0);
  job.going = new AbortController();
  try {
    const { id: content, kind, ...found } = await transfer(job, show);
    finish(id);
    client?.outbox.fill(id, { kind, content, meta: { ...meta, ...found } });
  } catch (refusal) {
    job.going = null;
    unshow(id);
    if (jobs.get(id) === job) refused(job, refusal);
  }
  pump();
}

async function transfer({ file, meta, place, going: { signal } }, show) {
  const { RESUMABLE_BYTES, resume, upload } = await fetchWays().catch(() => Promise.reject(new ApiError({ status: 0, error: "unreachable" })));
  return file.size > RESUMABLE_BYTES ? resume(file, meta.name, place, show, signal) : upload(file, meta.name, show, signal);
}

/** What may go better later is tried again by itself; without a connection, as soon as there is one. */
function refused(job, refusal) {
  const { error, retryAfter } = refusal;
  const passing = ["unreachable", "unavailable", "internal"].includes(error);
  if (error === "rate_limited" && retryAfter) again(job, retryAfter * 1000);
  else if (passing && (get().link.state !== "ready" || job.tries < TRIES)) again(job, backOff(job.tries++, Math.random));
  else {
    job.refused = true;
    client?.outbox.refuse(job.id, refusal);
  }
}

function again(job, ms) {
  job.timer = setTimeout(() => {
    job.timer = null;
    pump();
  }, ms);
}

/** The browser asks in its own words; listening at all other times would keep the page out of its cache. */
function leaving() {
  if (jobs.size) window.addEventListener("beforeunload", ask);
  else window.removeEventListener("beforeunload", ask);
}

function ask(event) {
  event.preventDefault();
}
