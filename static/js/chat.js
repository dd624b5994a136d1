/**
 * The live side of the page: binds the socket client to the state. Events come in here and become
 * state; the acts of the person are in acts.js.
 */
import { api } from "./api.js";
import { heed } from "./attention.js";
import { blank, peerOf, readByMe, readByPeer, refreshed, resumed, sorted, withMessage } from "./convs.js";
import { loadDrafts } from "./drafts.js";
import { ImClient } from "./im-client.js";
import { backOff } from "./im-wire.js";
import { pushed } from "./log.js";
import { loadPlayed } from "./played.js";
import { outboxStorage } from "./prefs.js";
import { isArrival, withEvent } from "./roster.js";
import { get, put, set } from "./store.js";

/** "typing…" goes away by itself. */
const TYPING_SHOWN_MS = 5_000;

/** The list's pages, as boot.js asks for the first; all are read before the socket resumes, which then needs no history. */
const LIST_PAGE = 100;

/** People of one question after their names. */
const IDS_MAX = 200;

/** Of whom an event speaks; more than these it does not name, but the list of members does. */
const NAMED = 8;

/** @type {ImClient | null} */
export let client = null;

export function enterChat(me, { probe, ended }) {
  const url = new URL("/ws", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const mine = new ImClient({ url, storage: outboxStorage(me.uid), probe });
  client = mine;
  mine.on("state", (link) => set({ link }));
  mine.on("ended", ended);
  mine.on("greeted", ({ media }) => set({ limits: media ?? null }));
  mine.on("message", onMessage);
  mine.on("conversation", (told) => change(told.conv, (conv) => resumed(conv, told)));
  mine.on("outbox", (conv) => put("outbox", conv, mine.outbox.entries(conv)));
  mine.on("read", onRead);
  mine.on("typing", onTyping);
  mine.on("presence", ({ uid, online }) => learn([{ ...get().users[uid], uid, online }]));
  mine.on("remote", onRemote);
  mine.on("message", (message, { live }) => live && heed(message));
  let stale = false;
  mine.on("message", ({ kind, silent }, { live }) => (stale ||= !live && kind === "system" && !silent));
  mine.on("ready", () => {
    // Read marks, who is in a group and the like, of the time without a socket.
    if (stale) insist(() => loadList(mine));
    stale = true;
  });
  set({ drafts: loadDrafts(me.uid), played: loadPlayed(me.uid), users: { [me.uid]: me } });
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

/** Asks until there is an answer or a lasting refusal, which gives undefined, or the person has left. */
export async function insist(ask) {
  const mine = client;
  for (let tries = 2; client === mine; tries++) {
    try {
      return await ask();
    } catch (refusal) {
      if (refusal.lasting) return undefined;
      await new Promise((resolve) => setTimeout(resolve, backOff(tries, Math.random)));
    }
  }
  return undefined;
}

/** Those whose names are being asked for. */
const asking = new Set();
/** uid -> when his name was learnt, ms. Nobody is told that somebody is called otherwise now: who writes is looked up again. */
const learntAt = new Map();
const NAME_KEPT_MS = 60_000;
/** Those who have written, and are looked up in the next turn. */
const outdated = new Set();

/** Learns what people are called, a question for as many as one takes. */
async function learnNames(uids) {
  const unasked = uids.filter((uid) => !asking.has(uid));
  for (let first = 0; first < unasked.length; first += IDS_MAX) {
    const some = unasked.slice(first, first + IDS_MAX);
    some.forEach((uid) => asking.add(uid));
    learn((await insist(() => api.get(`/api/users?ids=${some.join(",")}`))) ?? []);
    some.forEach((uid) => asking.delete(uid));
  }
}

/** What people are called and whether they are here, from whatever told it. */
export function learn(profiles) {
  const users = { ...get().users };
  for (const profile of profiles) {
    if (!profile?.uid) continue;
    users[profile.uid] = { ...users[profile.uid], ...profile };
    if (profile.user_name) learntAt.set(profile.uid, Date.now());
  }
  set({ users });
}

/** Makes sure that a conversation of the URL, a draft or a push has a name; `anew` also where it has one. */
export async function meet(conv, { anew = false } = {}) {
  const { convs, me, users } = get();
  if (!convs[conv]) {
    put("convs", conv, blank(conv));
    watchPeers();
  }
  const uid = peerOf(conv, me.uid); // in a group nobody is
  if ((anew || !users[uid]?.user_name) && Number.isInteger(uid)) await learnNames([uid]);
}

/** Those who wrote, and those whom events name, in groups as well. */
export async function meetAll(messages) {
  const { groups } = get();
  const told = ({ conv, data }) => [data?.by, ...(data?.uids ?? []).slice(0, groups[conv] ? undefined : NAMED)];
  const named = messages.flatMap((message) => [message.from, message.recalled_by, ...told(message)]);
  await learnNames([...new Set(named)].filter((uid) => uid && !get().users[uid]?.user_name));
}

/** Who writes now, where his name is an old one; with all others of a sync in one question. */
function meetAnew(uid) {
  if (!get().users[uid]?.user_name || Date.now() - learntAt.get(uid) <= NAME_KEPT_MS) return;
  if (!outdated.size) {
    setTimeout(() => {
      learnNames([...outdated]);
      outdated.clear();
    });
  }
  outdated.add(uid);
}

async function begin(mine) {
  await insist(() => Promise.all([loadList(mine), loadBlocked()]));
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
    meetAll(page.conversations.flatMap(({ last_message: last }) => last ?? []));
    cursor = page.next;
  } while (cursor);
  watchPeers();
}

/** Presence of those I have a conversation with, the newest first, after the members of the group that is open. */
export function watchPeers() {
  const { me, convs, groups, route } = get();
  const singles = sorted(Object.values(convs)).filter(({ type }) => type === "single");
  const uids = [...(groups[route.conv]?.members ?? []).map(({ uid }) => uid), ...singles.map(({ conv }) => peerOf(conv, me.uid))];
  client?.watch([...new Set(uids)].filter((uid) => uid !== me.uid));
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
  if (!known && client) insist(() => loadList(client));
}

function onMessage(message) {
  const { conv, from } = message;
  const { me, convs, threads, typing } = get();
  const arrival = isArrival(message, me.uid);
  change(conv, (known) => withMessage(known, message, me.uid));
  if (threads[conv]) put("threads", conv, pushed(threads[conv], message, arrival));
  if (typing[conv]) put("typing", conv, without(typing[conv], from));
  if (message.kind === "system") onEvent(message, arrival && convs[conv]);
  else hasRead(conv, from, message.seq); // who writes has read what was there
  meetAll([message]);
  meetAnew(from);
}

/** What an event makes of a group; who is back in one knows nothing of what it became meanwhile. */
function onEvent(message, back) {
  const { conv } = message;
  const group = get().groups[conv];
  if (back) {
    put("groups", conv, undefined);
    insist(() => loadList(client));
  } else if (group) put("groups", conv, withEvent(group, message));
}

function hasRead(conv, uid, seq) {
  const reads = get().reads[conv];
  if (reads && seq > (reads[uid] ?? 0)) put("reads", conv, { ...reads, [uid]: seq });
}

function without(map, key) {
  const { [key]: _, ...others } = map;
  return others;
}

function onRead({ conv, uid, seq }) {
  const { me, threads } = get();
  if (uid === me.uid) change(conv, (known) => readByMe(known, seq, threads[conv]?.items));
  else if (conv.startsWith("g")) hasRead(conv, uid, seq);
  else change(conv, (known) => readByPeer(known, seq));
}

function onTyping({ conv, uid }) {
  if (uid === get().me.uid) return;
  const until = Date.now() + TYPING_SHOWN_MS;
  put("typing", conv, { ...get().typing[conv], [uid]: until });
  setTimeout(() => {
    const now = get().typing[conv] ?? {};
    if (now[uid] === until) put("typing", conv, without(now, uid));
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
