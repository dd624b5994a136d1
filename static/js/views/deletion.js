/** Asks before the account ends, and says what goes and what stays (docs/privacy.md). */
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { toast } from "../acts.js";
import { explain, useT } from "../i18n.js";
import { deleteAccount } from "../session.js";
import { useStore } from "../store.js";
import { Field } from "./field.js";
import { Modal } from "./modal.js";
import { Spinner } from "./parts.js";

const GOES = ["name", "devices", "groups", "mine"];
const STAYS = ["messages", "events"];

export function Deletion({ close }) {
  const t = useT();
  const user_name = useStore((state) => state.me.user_name);
  const [password, setPassword] = useState("");
  const [refusal, setRefusal] = useState(null);
  const [busy, setBusy] = useState(false);
  const end = async (event) => {
    event.preventDefault();
    if (!password) return setRefusal({ error: "invalid_field", field: "password", rule: "required" });
    setBusy(true);
    try {
      await deleteAccount(password);
      toast(t("deletion.done"));
    } catch (problem) {
      setRefusal(problem.error === "bad_credentials" ? { error: "wrong_password", field: "password" } : problem);
      setBusy(false);
    }
  };
  const form = useRef();
  useEffect(() => form.current.querySelector("[aria-invalid=true]")?.focus(), [refusal]);
  const list = (title, items) => html`<h3>${t(`deletion.${title}`)}</h3>
    <ul>${items.map((item) => html`<li key=${item}>${t(`deletion.${title}.${item}`)}</li>`)}</ul>`;
  return html`<${Modal} title=${t("deletion.title")} close=${close} plain=${true} class="small deletion">
    <p>${t("deletion.text")}</p>
    ${list("goes", GOES)}
    ${list("stays", STAYS)}
    <form ref=${form} onSubmit=${end} novalidate>
      <input type="text" name="username" value=${user_name} autocomplete="username" hidden readonly />
      <${Field} name="password" label=${t("deletion.password")} type="password" autocomplete="current-password" value=${password}
        onInput=${({ currentTarget }) => setPassword(currentTarget.value)} error=${refusal?.field && explain(refusal)} />
      ${refusal && !refusal.field && html`<p class="form-error" role="alert">${explain(refusal)}</p>`}
      <div class="form-acts">
        <button type="button" class="button" onClick=${close}>${t("cancel")}</button>
        <button type="submit" class="button danger" disabled=${busy}>${busy && html`<${Spinner} />`} ${t("deletion.do")}</button>
      </div>
    </form>
  <//>`;
}
