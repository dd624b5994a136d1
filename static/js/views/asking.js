/** Dialogs that ask: whether to do what cannot be undone, and whether to join by a link; and who has read what. */
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { behindLink, join } from "../groups.js";
import { explain, useT } from "../i18n.js";
import { readersOf } from "../roster.js";
import { closeInvitation } from "../route.js";
import { useStore } from "../store.js";
import { Modal } from "./modal.js";
import { Avatar, Spinner, useName } from "./parts.js";

/** `ask` names the texts, `act` is done on yes; `more` is said besides. Whoever is put out of the group meanwhile is not asked any more. */
export function Confirm({ ask, values, more, act, close }) {
  const t = useT();
  const role = useStore((state) => state.convs[state.route.conv]?.group?.role);
  const before = useRef(role);
  useEffect(() => {
    if (role === null && before.current) close();
  }, [role]);
  return html`<${Modal} title=${t(`ask.${ask}.title`, values)} close=${close} plain=${true} class="small">
    <p>${t(`ask.${ask}`, values)}</p>
    ${more && html`<p class="more-text">${t(more, values)}</p>`}
    <footer class="modal-foot">
      <button type="button" class="button" onClick=${close}>${t("cancel")}</button>
      <button type="button" class="button danger" onClick=${() => (close(), act())}>${t(`ask.${ask}.do`)}</button>
    </footer>
  <//>`;
}

/** On a link: what group it is, and the question. */
export function Invitation({ code }) {
  const t = useT();
  const [group, setGroup] = useState(null);
  const [refusal, setRefusal] = useState(null);
  const [busy, setBusy] = useState(false);
  const attempt = async (act) => {
    setBusy(true);
    setRefusal(null);
    try {
      await act();
    } catch (problem) {
      setRefusal(problem);
    }
    setBusy(false);
  };
  const look = () => attempt(async () => setGroup(await behindLink(code)));
  const yes = () =>
    attempt(async () => {
      await join(code);
      closeInvitation();
    });
  useEffect(() => void look(), [code]);
  const words = { not_found: "join.gone", conflict: "join.full" };
  return html`<${Modal} title=${t("join.title")} close=${closeInvitation} plain=${true} class="small">
    ${group && html`<div class="profile">
      <${Avatar} uid=${0} name=${group.name} picture=${group.avatar} size="large" group=${true} />
      <h3 dir="auto">${group.name}</h3>
      <p class="muted">${t("join.members", { n: group.members })}</p>
    </div>`}
    ${!group && busy && html`<p class="waiting"><${Spinner} /></p>`}
    ${refusal ? html`<p class="form-error" role="alert">${words[refusal.error] ? t(words[refusal.error]) : explain(refusal)}</p>` : group && html`<p class="join-ask">${t("join.ask")}</p>`}
    <footer class="modal-foot">
      <button type="button" class="button" onClick=${closeInvitation}>${t(group && !refusal?.lasting ? "join.later" : "close")}</button>
      ${(group || refusal) && !refusal?.lasting && html`<button type="button" class="button primary" disabled=${busy} onClick=${group ? yes : look}>${busy ? html`<${Spinner} />` : t(group ? "join.do" : "retry")}</button>`}
    </footer>
  <//>`;
}

export function Readers({ conv, seq, close }) {
  const t = useT();
  const reads = useStore((state) => state.reads[conv]);
  const group = useStore((state) => state.groups[conv]);
  const me = useStore((state) => state.me.uid);
  const read = readersOf(reads, group, seq, me);
  const not = (group?.members ?? []).map(({ uid }) => uid).filter((uid) => uid !== me && !read.includes(uid));
  return html`<${Modal} title=${t("readers.title")} close=${close} class="small readers-list">
    ${read.length ? html`<ul class="items">${read.map((uid) => html`<${Reader} key=${uid} uid=${uid} />`)}</ul>` : html`<p class="muted">${t("readers.nobody")}</p>`}
    ${not.length > 0 && html`<h3 class="rows-title">${t("readers.not")}</h3>
      <ul class="items">${not.map((uid) => html`<${Reader} key=${uid} uid=${uid} />`)}</ul>`}
  <//>`;
}

function Reader({ uid }) {
  const name = useName(uid);
  return html`<li><${Avatar} uid=${uid} name=${name} size="small" /> <span class="grow" dir="auto">${name}</span></li>`;
}
