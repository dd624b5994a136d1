/** Bringing people together: a new group, or more people in one that is there. */
import { html, useState } from "../../vendor/preact-htm.js";
import { createGroup, invite } from "../groups.js";
import { explain, useT } from "../i18n.js";
import { get, useStore } from "../store.js";
import { nameOf } from "../words.js";
import { Field } from "./field.js";
import { Modal } from "./modal.js";
import { Spinner } from "./parts.js";
import { Picker } from "./picker.js";

/** A group's name has at most so many characters. */
const NAME_MAX = 64;

/** Of the people in it, me first, as far as they fit. */
function nameAfter(uids, t) {
  const { me } = get();
  const names = [me.nickname || me.user_name, ...uids.map((uid) => nameOf(uid))];
  while ([...names.join(t("list.comma"))].length > NAME_MAX) names.pop();
  return names.join(t("list.comma")) || t("group");
}

/** In words about people, where the server's word is about something else. */
function reason(refusal, t) {
  return t(`error.group.${refusal.error}`) ?? explain(refusal);
}

export function NewGroup({ close }) {
  const t = useT();
  const [picked, setPicked] = useState([]);
  const [name, setName] = useState("");
  const after = picked.length ? nameAfter(picked, t) : "";
  return html`<${Gather} title=${t("group.new")} label=${t("group.create")} picked=${picked} onPick=${setPicked} close=${close}
    ready=${picked.length > 0 || name.trim() !== ""} act=${() => createGroup(name.trim() || after, picked)}>
    ${(error) => html`<${Field} name="name" label=${t("group.name")} value=${name} maxlength="128" autocomplete="off" placeholder=${after} hint=${t("group.name.hint")}
      error=${error} onInput=${(event) => setName(event.currentTarget.value)} />`}
  <//>`;
}

export function Invite({ conv, close }) {
  const t = useT();
  const [picked, setPicked] = useState([]);
  const there = useStore((state) => state.groups[conv])?.members.map(({ uid }) => uid);
  return html`<${Gather} title=${t("details.invite")} label=${t("details.invite")} picked=${picked} onPick=${setPicked} there=${there} close=${close}
    ready=${picked.length > 0} act=${() => invite(conv, picked)} />`;
}

function Gather({ title, label, picked, onPick, there, ready, act, close, children }) {
  const t = useT();
  const [refusal, setRefusal] = useState(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    if (busy || !ready) return;
    setBusy(true);
    try {
      await act();
      close();
    } catch (problem) {
      setRefusal(problem);
      setBusy(false);
    }
  };
  const ofField = refusal?.field === "name";
  return html`<${Modal} title=${title} close=${close} class="gather" inside=${true}>
    <form onSubmit=${submit} novalidate>
      ${children?.(ofField && explain(refusal))}
      ${children && html`<p class="picker-label" aria-hidden="true">${t("search.people")}</p>`}
      <${Picker} picked=${picked} there=${there} onPick=${(uids) => (onPick(uids), setRefusal(null))} />
      ${refusal && !ofField && html`<p class="form-error" role="alert">${reason(refusal, t)}</p>`}
      <footer class="modal-foot">
        <button type="button" class="button" onClick=${close}>${t("cancel")}</button>
        <button type="submit" class="button primary" disabled=${!ready || busy}>${busy ? html`<${Spinner} />` : label}</button>
      </footer>
    </form>
  <//>`;
}
