/** What stands in a bubble: text with its links and mentions, a sticker, a picture, a voice, a file. */
import { html } from "../../vendor/preact-htm.js";
import { ALL } from "../acts.js";
import { marked } from "../mentions.js";
import { useStore } from "../store.js";
import { links } from "../text.js";
import { summary } from "../words.js";
import { File } from "./file.js";
import { Picture } from "./picture.js";
import { Sticker } from "./sticker.js";
import { Voice } from "./voice.js";

/** A sticker has no bubble around it. */
const STICKER_PX = 144;

const MEDIA = { image: Picture, voice: Voice, file: File };

/** `entry` is what is not sent yet. A kind that this page does not know is named. */
export function Content({ message, entry }) {
  const Medium = MEDIA[message.kind];
  if (Medium && message.meta) return html`<${Medium} message=${message} entry=${entry} />`;
  if (message.kind === "sticker") return html`<${Sticker} name=${message.content} size=${STICKER_PX} />`;
  if (message.kind !== "text") return html`<span class="other-kind">${summary(message)}</span>`;
  const words = message.mentions ? html`<${Called} message=${message} />` : linked(message.content);
  return html`<span class="words" dir="auto">${words}</span>`;
}

function linked(text) {
  return links(text).map(({ text: shown, href }) => (href ? html`<a href=${href} target="_blank" rel="noopener noreferrer">${shown}</a>` : shown));
}

/** Names behind an "@" stand out, mine most of all. */
function Called({ message: { content, mentions } }) {
  const users = useStore((state) => state.users);
  const me = useStore((state) => state.me.uid);
  const namesOf = (uid) => [users[uid]?.nickname, users[uid]?.user_name];
  const everybody = mentions === "all";
  const mine = everybody ? ALL : mentions.includes(me) ? namesOf(me) : [];
  const parts = marked(content, everybody ? [...ALL] : mentions.flatMap(namesOf));
  return parts.map(({ text, mention }) =>
    mention ? html`<b class=${`mention ${mine.includes(text.slice(1)) ? "of-me" : ""}`}>${text}</b>` : linked(text),
  );
}
