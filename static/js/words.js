/** Messages in words: a line for previews and quotes, and a sentence for each event. */
import { t } from "./i18n.js";
import { get } from "./store.js";
import { oneLine } from "./text.js";

/** How the reader calls a person; null for one not met yet. */
export function nameOf(uid) {
  const { me, users } = get();
  if (uid === me?.uid) return t("you");
  const profile = users[uid];
  return profile ? profile.nickname || profile.user_name || t("deleted") : null;
}

/** One line for a message of whatever kind, also of kinds that this page does not know. */
export function summary(message) {
  const { kind, content, from, meta } = message;
  if (kind === "text") return oneLine(content);
  if (kind === "recalled") return from === get().me?.uid ? t("recalled.mine") : t("recalled.theirs", { name: nameOf(from) ?? "…" });
  if (kind === "system") return eventText(message);
  if (kind === "file" && meta?.name) return `${t("kind.file")} ${oneLine(meta.name)}`;
  return t(`kind.${kind}`) ?? t("kind.unknown");
}

/** An event in the reader's language; the server's own sentence where a word or a name is missing. */
export function eventText({ event, data = {}, content }) {
  const by = nameOf(data.by);
  const names = (data.uids ?? []).map(nameOf);
  if (by === null || names.includes(null)) return content;
  const alone = data.uids?.length === 1 && data.uids[0] === data.by ? ".alone" : "";
  const changed = event === "changed" ? Object.keys(data).find((key) => t(`event.changed.${key}`)) : undefined;
  const key = changed ? `event.changed.${changed}` : `event.${event}${alone}`;
  const role = t(`role.${data.role}`) ?? "";
  const ends = event === "muted" && data.until === 0 ? ".ended" : "";
  return t(key + ends, { by, names: names.join(t("list.comma")), name: data.name ?? "", role }) ?? content;
}
