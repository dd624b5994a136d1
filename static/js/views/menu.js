/** What can be done with a message, by whom, and how long. */
import { html } from "../../vendor/preact-htm.js";
import { copy, copyImage, react, recall, startEdit, startReply } from "../acts.js";
import { ask } from "../groups.js";
import { useT } from "../i18n.js";
import { mediaUrl } from "../media.js";
import { canCopyPictures } from "../pictures.js";
import { leads, silence } from "../roster.js";
import { get, set } from "../store.js";
import { nameOf } from "../words.js";
import { focusBox } from "./parts.js";
import { Popup } from "./popup.js";

/** How long the sender may take a message back, and how long change it. */
const RECALL_MS = 2 * 60_000;
const EDIT_MS = 15 * 60_000;

export const EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀"];

/** Only what is allowed now; `only` "react" shows the emoji alone. */
export function Menu({ message, mine, readers = 0, conv, only, onMenu, ...place }) {
  const t = useT();
  const { me, groups } = get();
  const id = conv.conv;
  const may = message.seq && !silence(conv, groups[id], me.uid, Date.now());
  const age = Date.now() - message.time;
  const text = message.kind === "text";
  const picture = message.kind === "image" && message.content;
  const others = conv.type === "group" && leads(conv.group?.role) && !(mine && age < RECALL_MS);
  const inside = conv.type !== "group" || conv.group?.role;
  const items = [
    may && { icon: "reply", label: t("menu.reply"), act: () => reply(id, message.seq) },
    text && { icon: "copy", label: t("menu.copy"), act: () => copy(message.content) },
    picture && canCopyPictures() && { icon: "copy", label: t("menu.copy.picture"), act: () => copyImage(message) },
    message.seq && { icon: "forward", label: t("menu.forward"), act: () => set({ dialog: { name: "forward", message } }) },
    message.meta && message.content && { icon: "download", label: t("menu.download"), act: () => save(message) },
    may && mine && text && age < EDIT_MS && { icon: "pencil", label: t("menu.edit"), act: () => edit(message) },
    readers > 0 && { icon: "check-check", label: t("menu.readers", { n: readers }), act: () => set({ dialog: { name: "readers", conv: id, seq: message.seq } }) },
    message.seq && mine && age < RECALL_MS && { icon: "undo-2", label: t("menu.recall"), act: () => recall(message) },
    message.seq && !mine && inside && { icon: "flag", label: t("menu.report"), danger: true, act: () => set({ dialog: { name: "reporting", message } }) },
    message.seq && others && { icon: "undo-2", label: t("menu.recall.for"), danger: true, act: () => ask("recall", { name: nameOf(message.from) ?? "…" }, () => recall(message)) },
  ];
  const more = { icon: "plus", label: t("react.more"), act: () => onMenu({ message, mine, only: "panel", ...place }) };
  const quick = may ? [...EMOJI.map((emoji) => reaction(message, emoji, me.uid, t)), more] : [];
  return html`<${Popup} ...${place} label=${t("menu.open")} quick=${quick} items=${only ? [] : items.filter(Boolean)} />`;
}

function reaction(message, emoji, me, t) {
  const on = message.reactions?.find((known) => known.emoji === emoji)?.uids.includes(me);
  return { text: emoji, label: t("react.with", { emoji }), on, act: () => react(message, emoji) };
}

/** Where a link has been pressed, the browser saves by itself. */
function save({ content, meta }) {
  const link = document.createElement("a");
  Object.assign(link, { href: mediaUrl(content), download: meta.name });
  link.click();
}

function edit(message) {
  startEdit(message);
  focusBox();
}

function reply(conv, seq) {
  startReply(conv, seq);
  focusBox();
}
