/** What happens to a conversation of the list. Pure functions: a conversation in, a conversation out. */
import { isArrival, mentionsMe, rowWithEvent } from "./roster.js";

/** Who the other is in a single conversation; myself in my notes. */
export function peerOf(conv, me) {
  const [low, high] = conv.split(":").map(Number);
  return low === me ? high : low;
}

/** One that the list does not have: nothing was written in it yet, or it is still to be read. */
export function blank(conv, peer) {
  return {
    conv,
    type: conv.startsWith("g") ? "group" : "single",
    peer,
    last_seq: 0,
    first_seq: 1,
    read_seq: 0,
    peer_read_seq: 0,
    unread: 0,
    mention_seq: 0,
    last_message: null,
    updated_at: 0,
    muted: false,
    pinned: false,
  };
}

/** A message was applied. Those up to `last_seq` are already in the counts that came with the list. */
export function withMessage(conv, message, me) {
  const { seq, from, kind, time, silent } = message;
  const next = { ...conv, last_seq: Math.max(conv.last_seq, seq), mention_seq: mentionSeq(conv, message, me) };
  if (conv.group && kind === "system" && seq > conv.last_seq) next.group = rowWithEvent(conv.group, message, me);
  if (isArrival(message, me)) Object.assign(next, { first_seq: seq, unread: 0 });
  if (!silent && seq >= (conv.last_message?.seq ?? 0)) {
    next.last_message = message;
    next.hidden = false;
    next.updated_at = Math.max(conv.updated_at, time);
  }
  if (message.message && message.message.seq === conv.last_message?.seq) next.last_message = targetOf(message);
  if (from === me && !silent) {
    next.read_seq = Math.max(conv.read_seq, seq);
    if (kind !== "system") next.mention_seq = 0;
    if (next.read_seq >= next.last_seq) next.unread = 0;
  } else {
    if (kind !== "system" && seq > conv.last_seq && seq > conv.read_seq) next.unread += 1;
    // Who writes has read what was there.
    if (conv.type === "single" && kind !== "system") next.peer_read_seq = Math.max(conv.peer_read_seq, seq);
  }
  return next;
}

/** The target of a silent event as it is now; of a recalled one also by whom, which it does not say itself. */
export function targetOf({ event, data, message }) {
  return message && event === "recalled" ? { ...message, recalled_by: data.by } : message;
}

/** The newest unread message that mentions me, after this one. */
function mentionSeq({ mention_seq = 0, read_seq }, message, me) {
  const about = message.message ?? message;
  if (about.seq > read_seq && mentionsMe(about, me)) return Math.max(mention_seq, about.seq);
  return about.seq === mention_seq ? 0 : mention_seq;
}

/** I have read up to `seq`, here or elsewhere; `items` are the messages loaded. */
export function readByMe(conv, seq, items = []) {
  const read_seq = Math.max(conv.read_seq, seq);
  return { ...conv, read_seq, unread: unreadAbove(conv, read_seq, items), mention_seq: read_seq >= conv.mention_seq ? 0 : conv.mention_seq };
}

/** Counted among the messages loaded where these reach from there to the end, else less what was read of them now. */
function unreadAbove({ read_seq, last_seq, unread }, seq, items) {
  if (seq >= last_seq) return 0;
  const has = (low, high) => items.length > 0 && items[0].seq <= low + 1 && items.at(-1).seq >= high;
  const between = (low, high) => items.filter((message) => message.seq > low && message.seq <= high && message.kind !== "system").length;
  if (has(seq, last_seq)) return between(seq, last_seq);
  const left = has(read_seq, seq) ? unread - between(read_seq, seq) : unread;
  return Math.max(0, Math.min(left, last_seq - seq));
}

export function readByPeer(conv, seq) {
  return { ...conv, peer_read_seq: Math.max(conv.peer_read_seq ?? 0, seq) };
}

/** What a sync says of it, before its messages. */
export function resumed(conv, { last_seq, first_seq, read_seq, unread }) {
  if (last_seq < conv.last_seq) return conv;
  return { ...conv, last_seq, first_seq, read_seq: Math.max(conv.read_seq, read_seq), unread };
}

/** The list was read again: it knows more, except where a push has been faster. */
export function refreshed(conv, listed) {
  if (!conv || listed.last_seq >= conv.last_seq) {
    return conv && conv.read_seq > listed.read_seq ? readByMe(listed, conv.read_seq) : listed;
  }
  const { muted, pinned, peer, group } = listed;
  return { ...readByPeer(conv, listed.peer_read_seq ?? 0), muted, pinned, peer, group: conv.group ?? group };
}

/** Whether the list shows it: one that is open or has something of mine in it, else what was written in and not hidden. */
export function isShown({ conv, last_message, hidden }, { open, drafts, outbox }) {
  return Boolean(conv === open || drafts[conv] || outbox[conv]?.length || (last_message && !hidden));
}

/** Pinned ones first, then by the newest message; what has only a draft stands by when it was opened. */
export function sorted(convs) {
  return [...convs].sort((a, b) => b.pinned - a.pinned || b.updated_at - a.updated_at || a.conv.localeCompare(b.conv));
}
