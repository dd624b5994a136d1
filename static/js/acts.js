/** What a person can do in a conversation. Each act changes the state at once where it can be taken back. */
import { api, convPath } from "./api.js";
import { client, learn, meet, meetAll } from "./chat.js";
import { readByMe } from "./convs.js";
import { keepDraft } from "./drafts.js";
import { explain, t } from "./i18n.js";
import { pairConv } from "./im-client.js";
import { messageAt } from "./log.js";
import { mentioned } from "./mentions.js";
import { copyPicture } from "./pictures.js";
import { go, leaveAll } from "./route.js";
import { get, put, set } from "./store.js";
import { cancelUpload, retryUpload } from "./uploads.js";

/** How everybody is called behind an "@", in any language. */
export const ALL = ["all", "所有人"];

export function toast(text) {
  set({ toast: { text, at: Date.now() } });
}

export function complain(refusal) {
  toast(explain(refusal));
}

export function openConv(conv) {
  go({ name: "chat", conv });
}

/** A group that is not mine, and never was as far as is known here: back to the list, in which it does not stand. */
export function turnAway(conv) {
  const { [conv]: _, ...convs } = get().convs;
  set({ convs });
  leaveAll();
  toast(t("silence.outside"));
}

/** A conversation at one of its messages, which its thread shows as soon as it can. */
export function openMessage({ conv, seq }) {
  set({ target: { conv, seq } });
  openConv(conv);
}

/** A conversation with somebody; with myself it is my notes. */
export function openWith(profile) {
  learn([profile]);
  openConv(pairConv(get().me.uid, profile.uid));
}

/** Sends what stands in a draft. */
export function send(conv, { text, reply_to, names }) {
  const mentions = mentioned(text, names);
  client.send({ conv, content: text, ...(reply_to && { reply_to }), ...(mentions && { mentions }) });
  endEdit(conv);
}

/** Sends a sticker; what is being written stays in the box, what it answers is answered. */
export function sendSticker(conv, name) {
  const draft = get().drafts[conv];
  const reply_to = draft?.edit ? undefined : draft?.reply_to;
  client.send({ conv, kind: "sticker", content: name, ...(reply_to && { reply_to }) });
  if (reply_to) keepDraft(conv, { ...draft, reply_to: undefined });
}

/** What is written next answers a message; what was being changed goes back to what stood in the box before. */
export function startReply(conv, seq) {
  const draft = get().drafts[conv] ?? { text: "" };
  keepDraft(conv, { ...(draft.edit ? draft.kept : draft), reply_to: seq });
}

/** Takes a message of mine into the box, to be changed there; what stood in the box comes back after that. */
export function startEdit({ conv, seq, content, mentions }) {
  const before = get().drafts[conv] ?? { text: "" };
  const uids = Array.isArray(mentions) ? mentions : [];
  const names = Object.fromEntries(uids.map((uid) => [uid, get().users[uid]?.nickname ?? ""]));
  if (mentions === "all") names.all = ALL.find((word) => content.includes(`@${word}`)) ?? ALL[0];
  keepDraft(conv, { text: content, edit: seq, names, kept: before.edit ? before.kept : before });
}

/** Takes a text into the box, to be sent once more; what stood there comes back after that. */
export function writeAgain(conv, text) {
  const before = get().drafts[conv] ?? { text: "" };
  keepDraft(conv, { text, kept: before.kept ?? before });
}

/** Back to what stood in the box before. */
export function endEdit(conv) {
  keepDraft(conv, get().drafts[conv]?.kept ?? { text: "" });
}

/** What was being changed is there no more: what I have made of it stays in the box, as something new. */
export function leaveEdit(conv, content) {
  const { text, names, kept } = get().drafts[conv];
  if (text === content) endEdit(conv);
  else keepDraft(conv, { text, names, kept });
}

/** The new text; where it is refused it stays in the box. */
export async function edit(conv, { text, edit: seq, names }) {
  const before = messageAt(get(), conv, seq);
  try {
    if (before?.content !== text) await client.edit(conv, seq, text, mentioned(text, names));
    if (get().drafts[conv]?.edit === seq) endEdit(conv);
  } catch (refusal) {
    complain(refusal);
  }
}

/** Joins those who reacted so, or leaves them. */
export async function react({ conv, seq, reactions = [] }, emoji) {
  const mine = reactions.find((reaction) => reaction.emoji === emoji)?.uids.includes(get().me.uid);
  try {
    await client.react(conv, seq, emoji, !mine);
  } catch (refusal) {
    complain(refusal);
  }
}

/** The same once more in other conversations; media keep their id, so nothing is uploaded again. */
export function forward({ kind, content, meta }, convs) {
  for (const conv of convs) {
    meet(conv);
    client.send({ conv, kind, content, ...(meta && { meta }) });
  }
  toast(t("forward.done", { n: convs.length }));
}

export function retry(id) {
  if (!retryUpload(id)) client.outbox.retry(id);
  client.check();
}

export function discard(id) {
  cancelUpload(id);
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

/** The text stays with me for "edit again", also where the answer is lost. */
export async function recall({ conv, seq, from, content, kind }) {
  if (from === get().me.uid && kind === "text") set({ recalled: { ...get().recalled, [`${conv} ${seq}`]: content } });
  try {
    await client.recall(conv, seq);
  } catch (refusal) {
    complain(refusal);
  }
}

export async function patchConv(conv, patch) {
  const known = get().convs[conv];
  const before = Object.fromEntries(Object.keys(patch).map((name) => [name, known[name]]));
  put("convs", conv, { ...known, ...patch });
  if (patch.hidden) go({ name: "home" });
  try {
    await api.patch(convPath(conv), patch);
  } catch (refusal) {
    put("convs", conv, { ...get().convs[conv], ...before });
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

/** A page of messages that contain `q`, newest first. */
export async function findMessages(q, cursor) {
  const page = await api.get(`/api/search?q=${encodeURIComponent(q)}&limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
  meetAll(page.results.map(({ message }) => message));
  return page;
}

export function copy(text) {
  return copied(navigator.clipboard?.writeText(text));
}

export function copyImage(message) {
  return copied(copyPicture(message));
}

async function copied(done = Promise.reject()) {
  try {
    await done;
    toast(t("menu.copied"));
  } catch {
    toast(t("menu.copy.failed"));
  }
}
