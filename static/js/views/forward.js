/** Where a message is to go as well: conversations to pick, and it is sent to all of them. */
import { html, useEffect, useState } from "../../vendor/preact-htm.js";
import { forward, toast } from "../acts.js";
import { blank, peerOf, sorted } from "../convs.js";
import { useT } from "../i18n.js";
import { pairConv } from "../im-client.js";
import { messageAt } from "../log.js";
import { silence } from "../roster.js";
import { get, useStore } from "../store.js";
import { findableName, sizeText } from "../words.js";
import { Modal } from "./modal.js";
import { Picker, useFoundPeople } from "./picker.js";
import { Line } from "./quote.js";
import { useFace } from "./row.js";

const CONVERSATIONS = { useFound: useTargets, useLabel: useConversation, find: "forward.find", known: "forward.known" };

export function Forward({ message, close }) {
  const t = useT();
  const [picked, setPicked] = useState([]);
  const known = useStore((state) => messageAt(state, message.conv, message.seq));
  const recalled = known?.kind === "recalled";
  useEffect(() => {
    if (!recalled) return;
    close();
    toast(t("forward.recalled"));
  }, [recalled]);
  const submit = (event) => {
    event.preventDefault();
    if (!picked.length) return;
    forward(message, picked);
    close();
  };
  return html`<${Modal} title=${t("forward.title")} close=${close} class="gather" inside=${true}>
    <form onSubmit=${submit} novalidate>
      <div class="quote of-forward"><${Line} message=${message} /></div>
      <${Picker} picked=${picked} onPick=${setPicked} source=${CONVERSATIONS} />
      <footer class="modal-foot">
        <button type="button" class="button" onClick=${close}>${t("cancel")}</button>
        <button type="submit" class="button primary" disabled=${!picked.length}>${t("forward.do")}</button>
      </footer>
    </form>
  <//>`;
}

/** Where I may write: conversations of mine, newest first, my notes, and with a query people as well. */
function useTargets(query) {
  const people = useFoundPeople(query);
  const convs = useStore((state) => state.convs);
  const { me, groups } = get();
  const folded = query.toLocaleLowerCase();
  const notes = pairConv(me.uid, me.uid);
  const open = (conv) => (conv.last_message || conv.conv === notes) && !silence(conv, groups[conv.conv], me.uid, Date.now());
  const all = sorted(Object.values(convs[notes] ? convs : { ...convs, [notes]: blank(notes) }));
  const known = all.filter((conv) => open(conv) && findableName(conv).toLocaleLowerCase().includes(folded)).map(({ conv }) => conv);
  if (!query) return known;
  const others = (people ?? []).map((uid) => pairConv(me.uid, uid)).filter((conv) => !known.includes(conv));
  return people || known.length ? [...known, ...others] : null;
}

function useConversation(id) {
  const t = useT();
  const conv = useStore((state) => state.convs[id]) ?? blank(id);
  const me = useStore((state) => state.me.uid);
  const user_name = useStore((state) => state.users[peerOf(id, me)]?.user_name);
  const { name, ...face } = useFace(conv);
  return { face, name, line: face.group ? sizeText(conv) : face.notes ? t("notes.text") : `@${user_name}` };
}
