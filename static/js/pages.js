/** Which messages of a conversation are loaded: pages of history, backwards, forwards, and around one of them. */
import { api, convPath } from "./api.js";
import { meet, meetAll } from "./chat.js";
import { merge, shortened, stamped } from "./log.js";
import { get, put, set } from "./store.js";

/** A page of older or newer messages: as many as are drawn without a pause. */
const PAGE = 30;
/** The first page shows all that is unread, up to what one request gives. */
const FIRST = { least: 40, most: 100 };
/** What is this near to the loaded messages is reached by loading on; what is farther, by a page around it. */
const NEAR = 100;
/** Threads that were left stay loaded, the newest of them, so that going back and forth asks nobody. */
const THREADS = 10;

const NOTHING = Object.freeze({ items: [], end: false, later: false });

/** Loads what the thread needs to be shown: the newest page, with all that is unread in it. */
export async function loadThread(conv) {
  meet(conv, { anew: true }); // nobody is told when others change their name or picture
  const known = get().threads[conv];
  if (!known?.loading && !known?.loaded) await loadLatest(conv);
}

/** The newest messages, in the place of what is loaded. */
export async function loadLatest(conv) {
  const unread = get().convs[conv]?.unread ?? 0;
  const limit = Math.min(FIRST.most, Math.max(FIRST.least, unread + 10));
  await load(conv, `limit=${limit}`, (thread, { messages, end }) => ({
    items: merge(thread.later ? [] : thread.items, messages),
    end,
    later: false,
  }));
}

export async function loadOlder(conv) {
  const { loaded, loading, end, items } = get().threads[conv] ?? NOTHING;
  if (!loaded || loading || end || !items.length) return;
  await load(conv, `before=${items[0].seq}&limit=${PAGE}`, (thread, page) => ({
    items: merge(thread.items, page.messages),
    end: page.end,
  }));
}

/** Goes on towards the newest messages, where they are not loaded. */
export async function loadNewer(conv) {
  const { loading, later, items } = get().threads[conv] ?? NOTHING;
  if (loading || !later) return;
  await load(conv, `after=${items.at(-1).seq}&limit=${PAGE}`, (thread, { messages }) => {
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

/** Loads so that a message can be shown. Returns whether it is there. */
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
    await load(conv, `around=${seq}&limit=${PAGE}`, (_, { messages, end }) => ({
      items: messages,
      end: messages[0].seq <= get().convs[conv].first_seq,
      later: !end,
    }));
  }
  return has();
}

async function load(conv, query, taken) {
  put("threads", conv, { ...(get().threads[conv] ?? NOTHING), loading: true, failed: null });
  try {
    const { messages, end } = await api.get(convPath(conv, `/messages?${query}`));
    const thread = get().threads[conv];
    if (!thread) return; // it was left meanwhile
    const patch = taken(thread, { messages: stamped(messages), end });
    put("threads", conv, { ...thread, ...patch, loaded: true, loading: false });
    meetAll(messages);
  } catch (refusal) {
    if (get().threads[conv]) put("threads", conv, { ...get().threads[conv], loading: false, failed: refusal });
  }
}
