/** How far my message has come: sending, held, failed, sent, read. */
import { html } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";
import { useStore } from "../store.js";
import { peerOf } from "../convs.js";
import { Icon } from "./parts.js";

const ENTRY_MARKS = {
  queued: ["clock", "mark.sending"],
  sending: ["clock", "mark.sending"],
  held: ["clock", "mark.held"],
  failed: ["circle-alert", "mark.failed"],
};

export function Mark({ message, entry, conv }) {
  const t = useT();
  const me = useStore((state) => state.me.uid);
  const [icon, label] = entry ? ENTRY_MARKS[entry.state] : stored(message, conv, me);
  return html`<span class=${`mark ${label.replace("mark.", "")}`} title=${t(label)}><${Icon} name=${icon} label=${t(label)} /></span>`;
}

/** In my notes nobody else can read, so nothing is said of reading. */
function stored({ seq }, conv, me) {
  const single = conv.type === "single" && peerOf(conv.conv, me) !== me;
  return single && conv.peer_read_seq >= seq ? ["check-check", "mark.read"] : ["check", "mark.sent"];
}
