/** Messages in words: a line for previews and quotes, and a sentence for each event. */
import { peerOf } from "./convs.js";
import { t } from "./i18n.js";
import { lengthText } from "./media.js";
import { altOf } from "./stickers.js";
import { get } from "./store.js";
import { oneLine } from "./text.js";
import { moment } from "./time.js";

/** Names that a line says; of more it says how many. */
export const NAMES = 5;

/** How the reader calls a person, also in the middle of a sentence; null for one not met yet. */
export function nameOf(uid, { within = false } = {}) {
  const { me, users } = get();
  if (uid === me?.uid) return t(within ? "you.within" : "you");
  const profile = users[uid];
  return profile ? profile.nickname || profile.user_name || t("deleted") : null;
}

/** Several people in a row; null where one is not met yet. */
export function namesOf(uids, most = NAMES) {
  const names = uids.slice(0, most).map((uid, index) => nameOf(uid, { within: index > 0 }));
  return names.includes(null) ? null : joined(names, uids.length);
}

function joined(names, total) {
  const list = names.join(t("list.comma"));
  return total > names.length ? t("list.more", { names: list, n: total - names.length, total }) : list;
}

/** What a conversation can be found by: the names of the other one, of the group, of my notes. */
export function findableName({ conv, group }) {
  const { me, users } = get();
  const profile = users[peerOf(conv, me.uid)];
  return group?.name ?? (profile?.uid === me.uid ? t("notes") : `${profile?.nickname ?? ""} ${profile?.user_name ?? ""}`);
}

/** One line for a message of whatever kind, also of kinds that this page does not know. */
export function summary(message) {
  const { kind, content, meta } = message;
  if (kind === "text") return oneLine(content);
  if (kind === "recalled") return recalledText(message);
  if (kind === "system") return eventText(message);
  if (kind === "sticker") return `${t("kind.sticker")} ${altOf(content)}`.trim();
  if (kind === "file" && meta?.name) return `${t("kind.file")} ${oneLine(meta.name)}`;
  if (kind === "voice" && meta?.duration) return `${t("kind.voice")} ${lengthText(meta.duration)}`;
  return t(`kind.${kind}`) ?? t("kind.unknown");
}

/** In a group others may recall it as well; who did is not always known. */
function recalledText({ conv, from, recalled_by: by }) {
  const me = get().me?.uid;
  if (by === undefined && conv.startsWith("g")) return t("recalled.somebody");
  if (by === undefined || by === from) return from === me ? t("recalled.mine") : t("recalled.theirs", { name: nameOf(from) ?? "…" });
  return t(from === me ? "recalled.of.me" : "recalled.of", { by: nameOf(by) ?? "…", name: nameOf(from) ?? "…" });
}

/** An event in the reader's language; the server's own sentence, which is in both, for one that this page does not know. */
export function eventText({ event, data = {}, content }) {
  const { uids = [] } = data;
  const by = nameOf(data.by) ?? "…";
  const names = uids.slice(0, NAMES).map((uid) => nameOf(uid, { within: true }) ?? "…");
  const said = keysOf(event, data).map((key) => t(key, { ...details(data), by, names: joined(names, uids.length) }));
  return said.length && !said.includes(undefined) ? said.join(t("list.stop")) : content;
}

/** Which sentences say an event; a change of several things has one for each. */
function keysOf(event, data) {
  const alone = data.uids?.length === 1 && data.uids[0] === data.by ? ".alone" : "";
  if (event === "changed") {
    return Object.keys(data).filter((key) => key !== "by").map((key) => `event.changed.${key}${WAYS[key]?.(data[key]) ?? ""}`);
  }
  if (event === "created") return [data.uids?.length ? "event.created" : "event.created.alone"];
  if (event === "role") return [`event.role.${data.role}${alone}`];
  if (event === "muted") return [`event.muted${data.until === 0 ? ".ended" : data.until > Date.now() + LONG_MS ? ".long" : ""}`];
  return [`event.${event}${alone}`];
}

/** A year from now is as good as for good. */
const LONG_MS = 365 * 86_400_000;

const WAYS = {
  announcement: (text) => (text ? "" : ".none"),
  speak: (who) => `.${who}`,
};

function details({ name = "", announcement = "", until = 0 }) {
  return { name, announcement: oneLine(announcement, 80), until: until ? moment(until) : "" };
}

/** How many are in a group, or that it is none of mine any more. `group` is its shape, where it is known. */
export function sizeText(conv, group) {
  if (conv.group?.role === null) return t(conv.last_message?.event === "dissolved" ? "group.dissolved" : "group.away");
  const n = group?.members.length ?? conv.group?.members;
  return n === undefined ? "" : t("group.members", { n });
}

/** Who is writing, as it is said below a name; in a conversation of two it is clear who. */
export function typingText(conv, uids) {
  if (!uids.length) return "";
  if (conv.type !== "group") return t("typing");
  if (uids.length > 2) return t("typing.many", { n: uids.length });
  const names = uids.map((uid) => nameOf(Number(uid)) ?? "…");
  return t(uids.length === 1 ? "typing.one" : "typing.two", { name: names[0], other: names[1] });
}
