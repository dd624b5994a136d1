/**
 * The live side of the page: binds the socket client to the state. Events come in here and become
 * state; the acts of the person are in acts.js.
 */
import { api } from "./api.js";
import { blank, peerOf, readByMe, readByPeer, refreshed, resumed, sorted, withMessage } from "./convs.js";
import { loadDrafts } from "./drafts.js";
import { ImClient } from "./im-client.js";
import { backOff } from "./im-wire.js";
import { merge, retouched } from "./log.js";
import { outboxStorage } from "./prefs.js";
import { get, put, set } from "./store.js";

/** "typing…" goes away by itself. */
const TYPING_SHOWN_MS = 5_000;

/** The list's pages; all of them are read before the socket resumes, which then needs no history. */
const LIST_PAGE = 100;


/** @type {ImClient | null} */
export let client = null;

export function enterChat(me, { probe, ended }) {
  const url = new URL("/ws", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const mine = new ImClient({ url, storage: outboxStorage(me.uid), probe });
  client = mine;
  mine.on("state", (link) => set({ link }));
  mine.on("ended", ended);
  mine.on("message", onMessage);
  mine.on("conversation", (told) => change(told.conv, (conv) => resumed(conv, told)));
  mine.on("outbox", (conv) => put("outbox", conv, mine.outbox.entries(conv)));
  mine.on("read", onRead);
  mine.on("typing", onTyping);
  mine.on("presence", ({ uid, online }) => learn([{ ...get().users[uid], uid, online }]));
  mine.on("remote", onRemote);
  let met = false;
  mine.on("ready", () => {
    if (met) loadList(mine).catch(() => {}); // read marks and the like, of the time without a socket
    met = true;
  });
  set({ drafts: loadDrafts(me.uid), users: { [me.uid]: me } });
  for (const { conv } of mine.outbox.entries()) put("outbox", conv, mine.outbox.entries(conv));
  begin(mine);
}

export function leaveChat() {
  client?.stop();
  client = null;
}

/** How many messages the server does not have yet. */
export function unsent() {
  return client?.outbox.entries().length ?? 0;
}

/** What people are called and whether they are here, from whatever told it. */
export function learn(profiles) {
  const users = { ...get().users };
  for (const profile of profiles) if (profile?.uid) users[profile.uid] = { ...users[profile.uid], ...profile };
  set({ users });
}

/** Makes sure that a conversation of the URL, a draft or a push has a name. */
export async function meet(conv) {
  const { convs, me, users } = get();
  if (!convs[conv]) {
    put("convs", conv, blank(conv));
    watchPeers();
  }
  const uid = peerOf(conv, me.uid);
  if (!users[uid]?.user_name && Number.isInteger(uid)) learn(await api.get(`/api/users?ids=${uid}`).catch(() => []));
}

/** Those who wrote, and those whom events name, in groups as well. */
export async function meetAll(messages) {
  const named = messages.flatMap(({ from, data }) => [from, ...(data?.uids ?? [])]);
  const unknown = [...new Set(named)].filter((uid) => !get().users[uid]?.user_name);
  if (unknown.length) learn(await api.get(`/api/users?ids=${unknown.slice(0, 200).join(",")}`).catch(() => []));
}

async function begin(mine) {
  for (let tries = 2; client === mine; tries++) {
    try {
      await Promise.all([loadList(mine), loadBlocked()]);
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, backOff(tries, Math.random)));
    }
  }
  if (client !== mine) return;
  mine.start();
  const { drafts, outbox, convs } = get();
  for (const conv of new Set([...Object.keys(drafts), ...Object.keys(outbox)])) if (!convs[conv]) meet(conv);
}

async function loadList(mine) {
  let cursor = null;
  do {
    const from = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await api.get(`/api/conversations?limit=${LIST_PAGE}${from}`);
    if (client !== mine) return;
    const convs = { ...get().convs };
    for (const listed of page.conversations) {
      convs[listed.conv] = refreshed(convs[listed.conv], listed);
      if (mine.cursors.at(listed.conv) === undefined) mine.cursors.skip(listed.conv, listed.last_seq);
    }
    learn(page.conversations.map(({ peer }) => peer));
    set({ convs, listed: true });
    cursor = page.next;
  } while (cursor);
  watchPeers();
}

/** Presence of those I have a conversation with, the newest first. */
function watchPeers() {
  const { me, convs } = get();
  const singles = sorted(Object.values(convs)).filter(({ type }) => type === "single");
  client?.watch(singles.map(({ conv }) => peerOf(conv, me.uid)).filter((uid) => uid !== me.uid));
}

async function loadBlocked() {
  const profiles = await api.get("/api/user/blocks");
  learn(profiles);
  set({ blocked: profiles.map(({ uid }) => uid) });
}

function change(conv, next) {
  const known = get().convs[conv];
  put("convs", conv, next(known ?? blank(conv)));
  // Somebody new: the list has the name, the group, and whether it is pinned or muted.
  if (!known && client) loadList(client).catch(() => {});
}

function onMessage(message) {
  const { conv, from } = message;
  const { me, threads, typing } = get();
  change(conv, (known) => withMessage(known, message, me.uid));
  const thread = threads[conv];
  if (thread) put("threads", conv, { ...thread, items: retouched(merge(thread.items, [message]), message) });
  if (typing[conv]?.[from]) put("typing", conv, {});
  meetAll([message]);
}

function onRead({ conv, uid, seq }) {
  const { me, threads } = get();
  if (uid === me.uid) change(conv, (known) => readByMe(known, seq, threads[conv]?.items));
  else change(conv, (known) => readByPeer(known, seq));
}

function onTyping({ conv, uid }) {
  if (uid === get().me.uid) return;
  const until = Date.now() + TYPING_SHOWN_MS;
  put("typing", conv, { ...get().typing[conv], [uid]: until });
  setTimeout(() => {
    const now = get().typing[conv] ?? {};
    if (now[uid] === until) put("typing", conv, Object.fromEntries(Object.entries(now).filter(([id]) => id !== String(uid))));
  }, TYPING_SHOWN_MS);
}

/** Another device or tab of mine has changed something. */
function onRemote({ what, ...told }) {
  if (what === "me") {
    const { uid, user_name, nickname, avatar } = told;
    set({ me: { ...get().me, uid, user_name, nickname, avatar } });
    learn([{ uid, user_name, nickname, avatar }]);
  } else if (what === "block") {
    const others = get().blocked.filter((uid) => uid !== told.uid);
    set({ blocked: told.blocked ? [...others, told.uid] : others });
  } else if (what === "conversation") {
    const { conv, muted, pinned, hidden } = told;
    change(conv, (known) => ({ ...known, muted, pinned, hidden }));
  } else if (what === "sessions") {
    set({ sessionsChanged: Date.now() });
  }
}
