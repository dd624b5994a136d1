/** My settings: what others see of me, how the page looks, my password, my devices, whom I block, my account. */
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { block, toast } from "../acts.js";
import { api } from "../api.js";
import { learn } from "../chat.js";
import { setMyFace } from "../faces.js";
import { LANGUAGES, chooseLanguage, explain, useT } from "../i18n.js";
import { changePassword, signOut } from "../session.js";
import { get, set, useStore } from "../store.js";
import { THEMES, chooseTheme } from "../theme.js";
import { Account } from "./account.js";
import { Announcing } from "./announcing.js";
import { Devices } from "./devices.js";
import { FaceEdit } from "./face.js";
import { Field } from "./field.js";
import { Modal } from "./modal.js";
import { Avatar, Icon, useFocusAfter, useName } from "./parts.js";

export function Settings({ close }) {
  const t = useT();
  return html`<${Modal} title=${t("settings.title")} close=${close} place=${true} class="settings">
    <${Nickname} />
    <section>
      <h3>${t("settings.look")}</h3>
      <${Choice} name="lang" label=${t("settings.language")} choices=${LANGUAGES.map(({ lang, name }) => [lang, name])} choose=${chooseLanguage} />
      <${Choice} name="theme" label=${t("settings.theme")} choices=${THEMES.map((theme) => [theme, t(`theme.${theme}`)])} choose=${chooseTheme} />
    </section>
    <${Announcing} />
    <${Password} />
    <${Devices} />
    <${BlockedPeople} />
    <${Account} />
    <section><button type="button" class="button wide" onClick=${() => signOut()}><${Icon} name="log-out" /> ${t("signout")}</button></section>
  <//>`;
}

/** A few values to choose one from, as a row of radio buttons. */
function Choice({ name, label, choices, choose }) {
  const value = useStore((state) => state[name]);
  return html`<fieldset class="choice">
    <legend>${label}</legend>
    <div class="segments">${choices.map(([id, text]) => html`<label key=${id} class=${id === value ? "on" : ""}>
      <input type="radio" name=${name} value=${id} checked=${id === value} onChange=${() => choose(id)} /> ${text}
    </label>`)}</div>
  </fieldset>`;
}

function Nickname() {
  const t = useT();
  const me = useStore((state) => state.me);
  const [nickname, setNickname] = useState(me.nickname);
  const [refusal, setRefusal] = useState(null);
  const save = async (event) => {
    event.preventDefault();
    try {
      const profile = await api.patch("/api/user/me", { nickname: nickname.trim() });
      const known = { ...get().me, nickname: profile?.nickname ?? nickname.trim() };
      set({ me: known });
      learn([known]);
      setRefusal(null);
      toast(t("saved"));
    } catch (problem) {
      setRefusal(problem);
    }
  };
  return html`<form class="settings-me" onSubmit=${save} novalidate>
    <${FaceEdit} face=${{ uid: me.uid, name: nickname || me.user_name, picture: me.avatar }} label=${t("face.mine")} save=${setMyFace} />
    <div class="grow">
      <${Field} name="nickname" label=${t("field.nickname")} value=${nickname} maxlength="64" autocomplete="nickname"
        onInput=${(event) => setNickname(event.currentTarget.value)} error=${refusal && explain(refusal)} hint=${`@${me.user_name}`} />
    </div>
    <button type="submit" class="button" disabled=${nickname.trim() === me.nickname}>${t("save")}</button>
  </form>`;
}

const NO_PASSWORDS = Object.freeze({ old_password: "", new_password: "" });

function Password() {
  const t = useT();
  const user_name = useStore((state) => state.me.user_name);
  const [open, setOpen] = useState(false);
  const [values, setValues] = useState(NO_PASSWORDS);
  const [refusal, setRefusal] = useState(null);
  const save = async (event) => {
    event.preventDefault();
    const missing = Object.keys(values).find((name) => !values[name]);
    if (missing) return setRefusal({ error: "invalid_field", field: missing, rule: "required" });
    try {
      await changePassword(values.old_password, values.new_password);
      setValues(NO_PASSWORDS);
      setRefusal(null);
      setOpen(false);
      toast(t("password.done"));
    } catch (problem) {
      setRefusal(problem.error === "bad_credentials" ? { error: "wrong_password", field: "old_password" } : problem);
    }
  };
  const field = (name, autocomplete) => ({
    name,
    label: t(`field.${name}`),
    value: values[name],
    type: "password",
    autocomplete,
    onInput: ({ currentTarget }) => setValues({ ...values, [name]: currentTarget.value }),
    error: refusal?.field === name && explain(refusal),
  });
  const form = useRef();
  const opener = useRef();
  useFocusAfter(open, () => opener.current);
  useEffect(() => {
    if (!open) return;
    form.current.elements.old_password.focus();
    form.current.scrollIntoView({ block: "nearest" });
  }, [open]);
  if (!open) {
    return html`<section><h3>${t("settings.password")}</h3>
      <button ref=${opener} type="button" class="button" onClick=${() => setOpen(true)}>${t("password.change")}</button></section>`;
  }
  return html`<section><h3>${t("settings.password")}</h3>
    <form ref=${form} onSubmit=${save} novalidate>
      <input type="text" name="username" value=${user_name} autocomplete="username" hidden readonly />
      <${Field} ...${field("old_password", "current-password")} />
      <${Field} ...${field("new_password", "new-password")} hint=${t("hint.password")} />
      ${refusal && !refusal.field && html`<p class="form-error" role="alert">${explain(refusal)}</p>`}
      <p class="small-print">${t("password.note")}</p>
      <div class="form-acts">
        <button type="button" class="button" onClick=${() => setOpen(false)}>${t("cancel")}</button>
        <button type="submit" class="button primary">${t("password.change")}</button>
      </div>
    </form></section>`;
}

function BlockedPeople() {
  const t = useT();
  const blocked = useStore((state) => state.blocked);
  useEffect(() => {
    api.get("/api/user/blocks").then(learn, () => {}); // the names known already stay shown
  }, []);
  return html`<section>
    <h3>${t("settings.blocked")}</h3>
    ${!blocked.length && html`<p class="muted">${t("block.nobody")}</p>`}
    <ul class="items">${blocked.map((uid) => html`<${BlockedPerson} key=${uid} uid=${uid} />`)}</ul>
  </section>`;
}

function BlockedPerson({ uid }) {
  const t = useT();
  const name = useName(uid);
  return html`<li>
    <${Avatar} uid=${uid} name=${name} size="small" />
    <span class="grow" dir="auto">${name}</span>
    <button type="button" class="button slim" onClick=${() => block(uid, false)}>${t("block.undo")}</button>
  </li>`;
}
