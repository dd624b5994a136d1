/** How far my message has come: sending, held, failed, sent, read; in a group, read by how many. */
import { html } from "../../vendor/preact-htm.js";
import { t } from "../i18n.js";
import { readersOf } from "../roster.js";
import { get } from "../store.js";
import { peerOf } from "../convs.js";
import { namesOf } from "../words.js";
import { Icon } from "./parts.js";

const ENTRY_MARKS = {
  making: ["clock", "mark.sending"],
  queued: ["clock", "mark.sending"],
  sending: ["clock", "mark.sending"],
  held: ["clock", "mark.held"],
  failed: ["circle-alert", "mark.failed"],
};

/** Names in the tooltip; of more it says how many. */
const NAMES = 8;

/** Does not listen to the state: whoever draws it does, for there may be thousands of these. */
export function Mark({ message, entry, conv, readers = 0 }) {
  const me = get().me.uid;
  const [icon, key] = entry ? ENTRY_MARKS[entry.state] : readers ? ["check-check", "mark.read"] : stored(message, conv, me);
  const label = readers ? t("mark.read.by", { names: readerNames(conv.conv, message.seq) }) : t(key);
  return html`<span class=${`mark ${key.replace("mark.", "")}`} title=${label}><${Icon} name=${icon} label=${label} />
    ${readers > 0 && html`<span class="readers" aria-hidden="true">${readers}</span>`}
  </span>`;
}

function readerNames(conv, seq) {
  const { groups, reads, me } = get();
  return namesOf(readersOf(reads[conv], groups[conv], seq, me.uid), NAMES) ?? "…";
}

/** In my notes nobody else can read, so nothing is said of reading. */
function stored({ seq }, conv, me) {
  const single = conv.type === "single" && peerOf(conv.conv, me) !== me;
  return single && conv.peer_read_seq >= seq ? ["check-check", "mark.read"] : ["check", "mark.sent"];
}
