/** The card at the door: signing in, or the word that somebody is no administrator; and how the page looks. */
import { explain, useT } from "../../js/i18n.js";
import { useStore } from "../../js/store.js";
import { Field } from "../../js/views/field.js";
import { Looks } from "../../js/views/looks.js";
import { Spinner } from "../../js/views/parts.js";
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { say } from "../people.js";
import { signIn, signOut } from "../session.js";

export function Door() {
  const t = useT();
  const form = useRef();
  const [values, setValues] = useState({ user_name: "", password: "" });
  const [refusal, setRefusal] = useState(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => form.current.querySelector("input").focus(), []);
  const field = (name) => ({
    name,
    label: t(`field.${name}`),
    value: values[name],
    onInput: ({ currentTarget }) => setValues({ ...values, [name]: currentTarget.value }),
    error: (refusal?.field ?? (refusal?.error === "bad_credentials" && "password")) === name && explain(refusal),
  });
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    const missing = Object.keys(values).find((name) => !values[name]);
    if (missing) return setRefusal({ error: "invalid_field", field: missing, rule: "required" });
    setBusy(true);
    setRefusal(null);
    try {
      await signIn(values.user_name, values.password);
    } catch (problem) {
      setRefusal(problem);
      setBusy(false);
    }
  };
  const elsewhere = refusal && !refusal.field && refusal.error !== "bad_credentials";
  return html`<main class="door">
    <form class="card" ref=${form} onSubmit=${submit} novalidate aria-busy=${busy}>
      <${Head} text=${t("admin.door")} />
      <${Field} ...${field("user_name")} autocomplete="username" autocapitalize="none" spellcheck=${false} />
      <${Field} ...${field("password")} type="password" autocomplete="current-password" />
      ${elsewhere && html`<p class="form-error" role="alert">${explain(refusal)}</p>`}
      <button type="submit" class="button primary wide" disabled=${busy}>${busy ? html`<${Spinner} />` : t("door.signin.do")}</button>
    </form>
    <footer class="door-foot"><${Looks} /></footer>
  </main>`;
}

export function Denied() {
  const t = useT();
  const me = useStore((state) => state.me);
  const leave = () => signOut().catch((problem) => say(explain(problem)));
  return html`<main class="door">
    <div class="card denied">
      <${Head} text=${t("denied.text", { name: me.nickname || me.user_name })} />
      <p class="small-print">${t("denied.how")}</p>
      <a class="button primary wide" href="/">${t("denied.chat")}</a>
      <button type="button" class="button wide" onClick=${leave}>${t("denied.other")}</button>
    </div>
    <footer class="door-foot"><${Looks} /></footer>
  </main>`;
}

function Head({ text }) {
  const t = useT();
  return html`<header class="card-head">
    <span class="logo"></span>
    <h1>${t("admin.title")}</h1>
    <p>${text}</p>
  </header>`;
}
