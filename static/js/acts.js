/** What a person can do in a conversation. Each act changes the state at once where it can be taken back. */
import { api, convPath } from "./api.js";
import { client, learn, meet, meetAll } from "./chat.js";
import { readByMe } from "./convs.js";
import { keepDraft } from "./drafts.js";
import { explain, t } from "./i18n.js";
import { pairConv } from "./im-client.js";
import { merge } from "./log.js";
import { go } from "./route.js";
import { get, put, set } from "./store.js";

/** A page of older messages. */
const OLDER = 50;
/** The first page shows all that is unread, up to what one request gives. */
const FIRST = { least: 40, most: 100 };

export function toast(text) {
  set({ toast: { text, at: Date.now() } });
}

function complain(refusal) {
  toast(explain(refusal));
}

export function openConv(conv) {
  go({ name: "chat", conv });
}

/** A conversation with somebody; with myself it is my notes. */
export function openWith(profile) {
  learn([profile]);
  openConv(pairConv(get().me.uid, profile.uid));
}

/** Loads what the thread needs to be shown: the newest page, with all that is unread in it. */
export async function loadThread(conv) {
  meet(conv);
  const known = get().threads[conv];
  if (known?.loading || known?.loaded) return;
  const unread = get().convs[conv]?.unread ?? 0;
  const limit = Math.min(FIRST.most, Math.max(FIRST.least, unread + 10));
  await loadPage(conv, `?limit=${limit}`);
}

export async function loadOlder(conv) {
  const thread = get().threads[conv];
  if (!thread?.loaded || thread.loading || thread.end || !thread.items.length) return;
  await loadPage(conv, `?before=${thread.items[0].seq}&limit=${OLDER}`);
}

async function loadPage(conv, query) {
  const before = get().threads[conv] ?? { items: [], end: false };
  put("threads", conv, { ...before, loading: true, failed: null });
  try {
    const { messages, end } = await api.get(convPath(conv, `/messages${query}`));
    const { items } = get().threads[conv];
    put("threads", conv, { items: merge(items, messages), end, loaded: true, loading: false, failed: null });
    meetAll(messages);
  } catch (refusal) {
    put("threads", conv, { ...get().threads[conv], loading: false, failed: refusal });
  }
}

/** Loads back until a message is there. Returns whether it is. */
export async function loadUntil(conv, seq) {
  for (;;) {
    const { items, end } = get().threads[conv];
    if (items.some((message) => message.seq === seq)) return true;
    if (end || items[0]?.seq < seq) return false;
    const count = items.length;
    await loadOlder(conv);
    if (get().threads[conv].items.length === count) return false;
  }
}

export function send(conv, content, reply_to) {
  client.send(reply_to ? { conv, content, reply_to } : { conv, content });
  keepDraft(conv, { text: "" });
}

export function retry(id) {
  client.outbox.retry(id);
  client.check();
}

export function discard(id) {
  client.outbox.remove(id);
}

export function typing(conv) {
  client?.typing(conv);
}

/** Tries now, or makes sure that there is a connection; resolves with whether there is. */
export async function reconnect() {
  return Boolean(await client?.check());
}

/** Read up to here: the badge goes at once, the server hears of it now or after the next resume. */
export function read(conv, seq) {
  const known = get().convs[conv];
  if (!known || !client || seq <= known.read_seq) return;
  put("convs", conv, readByMe(known, seq, get().threads[conv]?.items));
  client.read(conv, seq);
}

/** The text stays with me for "edit again". */
export async function recall({ conv, seq, content }) {
  try {
    await client.recall(conv, seq);
    set({ recalled: { ...get().recalled, [`${conv} ${seq}`]: content } });
  } catch (refusal) {
    complain(refusal);
  }
}

export async function patchConv(conv, patch) {
  const before = get().convs[conv];
  put("convs", conv, { ...before, ...patch });
  if (patch.hidden) go({ name: "home" });
  try {
    await api.patch(convPath(conv), patch);
  } catch (refusal) {
    put("convs", conv, before);
    complain(refusal);
  }
}

export async function block(uid, blocked) {
  const before = get().blocked;
  set({ blocked: blocked ? [...before, uid] : before.filter((other) => other !== uid) });
  try {
    await (blocked ? api.put(`/api/user/${uid}/block`) : api.delete(`/api/user/${uid}/block`));
    toast(t(blocked ? "block.done" : "block.undone"));
  } catch (refusal) {
    set({ blocked: before });
    complain(refusal);
  }
}

export function findPeople(q) {
  return api.get(`/api/user/search?q=${encodeURIComponent(q)}&limit=20`);
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("menu.copied"));
  } catch {
    toast(t("menu.copy.failed"));
  }
}
