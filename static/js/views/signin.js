/**
 * The card at the door: sign in or register, with each error beside the field that it is about. It takes over the one
 * that stands in index.html, element by element, so the two are alike.
 */
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { explain, useT } from "../i18n.js";
import { fetchInside } from "../inside.js";
import { register, signIn } from "../session.js";
import { get, useStore } from "../store.js";
import { length } from "../text.js";
import { Field } from "./field.js";
import { Looks } from "./looks.js";
import { Spinner } from "./parts.js";

/** The rules that need no server; it has the last word on these as well. */
function check(values, registering) {
  const errors = {};
  const { user_name, password, nickname } = values;
  const broken = (field, rule) => (errors[field] ??= { error: "invalid_field", field, rule });
  if (!user_name) broken("user_name", "required");
  if (!password) broken("password", "required");
  if (registering && user_name && (length(user_name) < 2 || length(user_name) > 32)) broken("user_name", "length");
  if (registering && user_name && !/^[\p{L}\p{M}\p{N}_.-]+$/u.test(user_name)) broken("user_name", "pattern");
  if (registering && password && (length(password) < 8 || length(password) > 128)) broken("password", "length");
  if (registering && length(nickname) > 32) broken("nickname", "length");
  return errors;
}

/** Which field a refusal belongs to; the rest stands above the button. */
function placed(refusal, registering) {
  if (registering && refusal.error === "forbidden") return { form: { error: "closed" } };
  if (refusal.error === "user_exists") return { user_name: refusal };
  if (refusal.error === "bad_credentials") return { password: refusal };
  if (refusal.field) return { [refusal.field]: refusal };
  return { form: refusal };
}

/** What was typed into the card of index.html; and whose session has just ended need not type the name again. */
function valuesBefore() {
  const { dialog, me } = get();
  const typed = (name) => document.querySelector(`.card [name=${name}]`)?.value ?? "";
  return { user_name: dialog?.name === "ended" ? me.user_name : typed("user_name"), password: typed("password"), nickname: "", invite: "" };
}

/** Who types here will be inside soon; what does not come is asked for again when it is needed. */
function ahead() {
  fetchInside().catch(() => {});
}

export function SignIn() {
  const t = useT();
  const [registering, setRegistering] = useState(false);
  const [values, setValues] = useState(valuesBefore);
  const [errors, setErrors] = useState({});
  const [invited, setInvited] = useState(false);
  const [refused, setRefused] = useState(false);
  const [busy, setBusy] = useState(false);
  const form = useRef();
  const guest = useStore((state) => Boolean(state.invitation));

  useEffect(() => {
    if (document.activeElement.matches(".card input")) return; // somebody is typing already
    const inputs = [...form.current.querySelectorAll("input")];
    (inputs.find((input) => !input.value) ?? inputs[0]).focus();
  }, [registering]);
  useEffect(() => form.current.querySelector("[aria-invalid=true]")?.focus(), [errors]);
  useEffect(() => void (values.user_name && ahead()), []);

  const type = (field) => (event) => {
    setValues({ ...values, [field]: event.currentTarget.value });
    if (errors[field]) setErrors({ ...errors, [field]: null });
  };
  const field = (name) => ({
    name,
    label: t(`field.${name}`),
    value: values[name],
    onInput: type(name),
    error: errors[name] && explain(errors[name]),
  });
  const submit = async (event) => {
    event.preventDefault();
    const typed = { ...values, user_name: values.user_name.trim() }; // a phone's keyboard puts a blank behind a word
    const found = check(typed, registering);
    setErrors(found);
    if (Object.keys(found).length || busy) return;
    setBusy(true);
    try {
      await (registering ? register(typed) : signIn(typed.user_name, typed.password));
    } catch (refusal) {
      if (refusal.field === "invite") setInvited(true);
      if (refusal.error === "bad_credentials") setRefused(true);
      setErrors(placed(refusal, registering));
      setBusy(false);
    }
  };
  const turn = (to) => {
    setRegistering(to);
    setErrors({});
  };

  return html`<main class="door">
    <form class="card" ref=${form} onSubmit=${submit} onInput=${ahead} novalidate aria-busy=${busy}>
      <header class="card-head">
        <span class="logo"></span>
        <h1>Tornado IM</h1>
        <p>${guest ? t("join.door") : t(registering ? "door.register.text" : "door.signin.text")}</p>
      </header>
      <div class="tabs" role="tablist">
        <button type="button" role="tab" aria-selected=${!registering} onClick=${() => turn(false)}>${t("door.signin")}</button>
        <button type="button" role="tab" aria-selected=${registering} onClick=${() => turn(true)}>${t("door.register")}</button>
      </div>
      <${Field} ...${field("user_name")} hint=${registering && t("hint.user_name")} autocomplete="username" autocapitalize="none" spellcheck=${false} maxlength="64" />
      ${registering && html`<${Field} ...${field("nickname")} hint=${t("hint.nickname")} autocomplete="nickname" maxlength="64" />`}
      <${Field} ...${field("password")} type="password" hint=${registering && t("hint.password")} autocomplete=${registering ? "new-password" : "current-password"} />
      ${registering && invited && html`<${Field} ...${field("invite")} autocomplete="off" />`}
      ${errors.form && html`<p class="form-error" role="alert">${explain(errors.form)}</p>`}
      <button type="submit" class="button primary wide" disabled=${busy}>
        ${busy ? html`<${Spinner} />` : t(registering ? "door.register.do" : "door.signin.do")}
      </button>
      ${refused && !registering && html`<p class="small-print">${t("door.forgotten")}</p>`}
    </form>
    <footer class="door-foot"><${Looks} /></footer>
  </main>`;
}
