/** Lines of nobody: what happened in a conversation, and what is left of a recalled message. */
import { html } from "../../vendor/preact-htm.js";
import { writeAgain } from "../acts.js";
import { useT } from "../i18n.js";
import { useStore } from "../store.js";
import { eventText, summary } from "../words.js";
import { focusBox } from "./parts.js";

/** What was recalled can be written anew by whom it came from, as long as this window remembers it. */
export function Recalled({ message, mine }) {
  const t = useT();
  useStore((state) => state.users);
  const text = useStore((state) => state.recalled[`${message.conv} ${message.seq}`]);
  const again = () => {
    writeAgain(message.conv, text);
    focusBox();
  };
  return html`<div class="event gone" data-seq=${message.seq}>
    <span dir="auto">${summary(message)}</span>
    ${mine && text && html`<button type="button" class="link-button" onClick=${again}>${t("recalled.again")}</button>`}
  </div>`;
}

export function Event({ message }) {
  useStore((state) => state.users);
  useT();
  return html`<div class="event" data-seq=${message.seq}><span dir="auto">${eventText(message)}</span></div>`;
}
