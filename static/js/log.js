/** The messages of one thread: merging what comes, and the rows that are drawn of them. Pure functions. */
import { targetOf } from "./convs.js";
import { sameDay } from "./time.js";

/** A sender's messages within this time stand together. */
const GROUP_MS = 5 * 60_000;

/**
 * Messages that are loaded and drawn at most, and what is left when there are more: what a render or a layout costs
 * must not grow with the thread.
 */
const MOST = 240;
const KEPT = 180;

/** Merges a page or a push into messages that ascend by seq; the newer state of a message wins. */
export function merge(items, messages) {
  const last = items.at(-1)?.seq ?? 0;
  if (messages.length === 1 && messages[0].seq > last) return [...items, messages[0]];
  const known = new Map(items.map((message) => [message.seq, message]));
  for (const message of messages) known.set(message.seq, message);
  return [...known.values()].sort((a, b) => a.seq - b.seq);
}

/** The message of a seq, where it is loaded. */
export function messageAt({ threads }, conv, seq) {
  return threads[conv]?.items.find((message) => message.seq === seq);
}

/** A silent event carries its target as it is now. */
export function retouched(items, event) {
  const target = targetOf(event);
  return target ? items.map((message) => (message.seq === target.seq ? target : message)) : items;
}

/** A page from the server: of what was recalled it says by whom only where the event stands in it as well. */
export function stamped(messages) {
  const by = new Map(messages.filter(({ event }) => event === "recalled").map(({ data }) => [data.target, data.by]));
  return messages.map((message) => (by.has(message.seq) ? { ...message, recalled_by: by.get(message.seq) } : message));
}

/** A thread after a push. Where the newest messages are not loaded, only what is there changes. */
export function pushed(thread, message, arrival) {
  if (arrival) return { ...thread, items: [message], end: true, later: false, loaded: true, loading: false, failed: null };
  const items = thread.later ? thread.items : merge(thread.items, [message]);
  return { ...thread, items: retouched(items, message) };
}

/** A thread without what lies farthest from where the reader is, once there is too much of it. */
export function shortened(thread, seq) {
  const shown = thread.items.filter(({ silent }) => !silent); // the others take no place
  if (shown.length <= MOST) return thread;
  if (shown.findIndex((message) => message.seq >= seq) < shown.length / 2) {
    return { ...thread, items: thread.items.filter((message) => message.seq <= shown[KEPT - 1].seq), later: true };
  }
  return { ...thread, items: thread.items.filter((message) => message.seq >= shown.at(-KEPT).seq), end: false };
}

/**
 * The rows of a thread, each with a key that stays:
 * `{type: "day", time}`, `{type: "new"}`, `{type: "event", message}`, `{type: "recalled", message, mine}` and
 * `{type: "bubble", message, mine, first, last, entry?}`; first and last of its group.
 * An entry of the outbox is a message that has no seq yet, and keeps its key when it gets one.
 */
export function rows({ items, end, entries, me, newFrom }) {
  const reaches = end || items[0]?.seq <= newFrom; // else what is new begins above all that is loaded
  const unsent = entries.map((entry) => ({ ...entry, from: me, entry }));
  const drawn = [...items.filter((message) => !message.silent), ...unsent];
  const out = [];
  let before = null;
  let marked = false;
  for (const message of drawn) {
    const mine = message.from === me;
    if (!before || !sameDay(before.time, message.time)) {
      out.push({ type: "day", key: `day ${new Date(message.time).toDateString()} ${message.seq ?? ""}`, time: message.time });
    }
    const mineToo = mine && message.kind === "system"; // that I did it says nothing of what I have read
    if (!marked && !mineToo && reaches && newFrom && message.seq >= newFrom) {
      marked = true;
      if (!mine) out.push({ type: "new", key: "new" });
    }
    const key = `${message.from} ${message.id ?? message.seq}`;
    if (message.kind === "system") out.push({ type: "event", key, message });
    else if (message.kind === "recalled") out.push({ type: "recalled", key, message, mine });
    else out.push({ type: "bubble", key, message, mine, entry: message.entry, first: !joins(out.at(-1), message), last: true });
    const previous = out.at(-2);
    if (previous?.type === "bubble" && out.at(-1).type === "bubble" && !out.at(-1).first) previous.last = false;
    before = message;
  }
  return out;
}

function joins(row, message) {
  return (
    row?.type === "bubble" && row.message.from === message.from && Math.abs(message.time - row.message.time) <= GROUP_MS
  );
}
