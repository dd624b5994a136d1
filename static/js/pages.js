/** Which messages of a conversation are loaded: pages of history, backwards, forwards, and around one of them. */
import { api, convPath } from "./api.js";
import { meet, meetAll } from "./chat.js";
import { merge, shortened, stamped } from "./log.js";
import { get, put, set } from "./store.js";

/** A page of older or newer messages: as many as are drawn without a pause. */
const PAGE = 24;
/** The newest page reaches back to what is unread, and a little beyond, up to what one request gives. */
const FIRST = { least: 40, most: 100, before: 10 };
/** What is this near to the loaded messages is reached by loading on; what is farther, by a page around it. */
const NEAR = 100;
/** Threads that were left stay loaded, the newest of them, so that going back and forth asks nobody. */
const THREADS = 10;

const NOTHING = Object.freeze({ items: [], end: false, later: false });

/** Loads what the thread needs to be shown: from where its reader has left off. */
export async function loadThread(conv) {
  meet(conv, { anew: true }); // nobody is told when others change their name or picture
  const known = get().threads[conv];
  if (!known?.loading && !known?.loaded) await loadFirst(conv);
}

async function loadFirst(conv) {
  const { target } = get();
  if (target?.conv === conv) return loadAround(conv, target.seq, { what: "first", limit: FIRST.least });
  const { unread = 0, read_seq = 0, first_seq = 1, last_seq = 0 } = get().convs[conv] ?? {};
  const reach = FIRST.before + (unread ? last_seq - read_seq : 0);
  if (reach <= FIRST.most) return loadLatest(conv, reach);
  return loadAround(conv, Math.max(first_seq, read_seq + 1), { what: "first", limit: FIRST.least });
}

/** The newest messages, in the place of what is loaded. @returns the refusal, if there was one, as the others here */
export function loadLatest(conv, reach = 0) {
  const what = get().threads[conv]?.loaded ? "latest" : "first";
  return load(conv, what, `limit=${Math.max(FIRST.least, reach)}`, (thread, { messages, end }) => ({
    items: merge(thread.later ? [] : thread.items, messages),
    end,
    later: false,
  }));
}

/** A page around a message, in the place of what is loaded. */
function loadAround(conv, seq, { what = null, limit = PAGE } = {}) {
  return load(conv, what, `around=${seq}&limit=${limit}`, (_, { messages, end }) => ({
    items: messages,
    end: !messages.length || messages[0].seq <= get().convs[conv].first_seq,
    later: !end,
  }));
}

/** Once more what has failed. */
export function loadAgain(conv) {
  const { failed, ...thread } = get().threads[conv] ?? NOTHING;
  if (!failed) return;
  put("threads", conv, { ...thread, failed: null });
  ({ first: loadFirst, latest: loadLatest, older: loadOlder, newer: loadNewer })[failed.what](conv);
}

export async function loadOlder(conv) {
  const { loaded, loading, failed, end, items } = get().threads[conv] ?? NOTHING;
  if (!loaded || loading || failed || end || !items.length) return;
  await load(conv, "older", `before=${items[0].seq}&limit=${PAGE}`, (thread, page) => ({
    items: merge(thread.items, page.messages),
    end: page.end,
  }));
}

/** Goes on towards the newest messages, where they are not loaded. */
export async function loadNewer(conv) {
  const { loading, failed, later, items } = get().threads[conv] ?? NOTHING;
  if (loading || failed || !later) return;
  await load(conv, "newer", `after=${items.at(-1).seq}&limit=${PAGE}`, (thread, { messages }) => {
    const next = merge(thread.items, messages);
    return { items: next, later: messages.length > 0 && next.at(-1).seq < get().convs[conv].last_seq };
  });
}

/** Drops what is far from a message, where too much is loaded. A dialog may be showing just that: then later. */
export function shorten(conv, seq) {
  const { threads, dialog } = get();
  const short = threads[conv] && !dialog ? shortened(threads[conv], seq) : threads[conv];
  if (short !== threads[conv]) put("threads", conv, short);
}

/** Forgets a thread that is left far from its end, which is where it opens again, and those that were left long ago. */
export function leaveThread(conv) {
  const { threads, route } = get();
  const { [conv]: left, ...others } = threads;
  const kept = left?.loaded && !left.later && !left.loading ? { ...others, [conv]: left } : others;
  const newest = new Set([...Object.keys(kept).slice(-THREADS), route.conv]);
  set({ threads: Object.fromEntries(Object.entries(kept).filter(([name]) => newest.has(name))) });
}

/** Loads so that a message can be shown. Returns whether it is there; throws the refusal where that cannot be known. */
export async function loadFor(conv, seq) {
  const thread = () => get().threads[conv] ?? NOTHING; // it may be left meanwhile
  const has = () => thread().items.some((message) => message.seq === seq);
  const first = thread().items[0]?.seq ?? 0;
  while (!has() && first - seq < NEAR) {
    const { end, items } = thread();
    if (end || items[0]?.seq < seq) break;
    await loadOlder(conv);
    if (thread().items.length === items.length) break;
  }
  if (!has() && seq >= get().convs[conv].first_seq) {
    const refusal = await loadAround(conv, seq);
    if (refusal) throw refusal;
  }
  return has();
}

/**
 * `what` is "first", "latest", "older" or "newer": which of them has failed stands in the thread, and is not asked for
 * again before `loadAgain`. Null where somebody waits for the refusal itself.
 */
async function load(conv, what, query, taken) {
  put("threads", conv, { ...(get().threads[conv] ?? NOTHING), loading: true, failed: null });
  try {
    const { messages, end } = await api.get(convPath(conv, `/messages?${query}`));
    const thread = get().threads[conv];
    if (!thread) return null; // it was left meanwhile
    const patch = taken(thread, { messages: stamped(messages), end });
    put("threads", conv, { ...thread, ...patch, loaded: true, loading: false });
    meetAll(messages);
    return null;
  } catch (refusal) {
    if (get().threads[conv]) put("threads", conv, { ...get().threads[conv], loading: false, failed: what && { what, refusal } });
    return refusal;
  }
}
