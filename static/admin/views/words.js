/** The list of refused words: what is on it, put on and taken off. */
import { api } from "../../js/api.js";
import { explain, useT } from "../../js/i18n.js";
import { Icon, Spinner } from "../../js/views/parts.js";
import { html, useEffect, useState } from "../../vendor/preact-htm.js";
import { count } from "../axis.js";
import { say } from "../people.js";

/** So many are drawn at once; of more the search finds the rest. */
const SHOWN = 500;

export function Words() {
  const t = useT();
  const [list, setList] = useState(null);
  const [text, setText] = useState("");
  const [filter, setFilter] = useState("");
  const [refusal, setRefusal] = useState(null);
  const [busy, setBusy] = useState(false);
  const load = () => api.get("/api/admin/words").then(setList, setRefusal);
  useEffect(() => void load(), []);
  const change = async (method, words, done) => {
    setBusy(true);
    setRefusal(null);
    try {
      setList(await api[method]("/api/admin/words", { words }));
      say(t(done, { n: words.length }));
      return true;
    } catch (problem) {
      setRefusal(problem);
      return false;
    } finally {
      setBusy(false);
    }
  };
  const add = async (event) => {
    event.preventDefault();
    const words = [...new Set(text.split("\n").map((line) => line.trim()).filter(Boolean))];
    if (words.length && !busy && (await change("post", words, "words.added"))) setText("");
  };
  const wanted = filter.trim().toLowerCase();
  const found = list?.words.filter((word) => word.toLowerCase().includes(wanted)) ?? [];
  return html`
    <p class="small-print">${t("words.text")}${list && t("words.file", { n: count(list.file) })}</p>
    <form class="words-new" onSubmit=${add} aria-busy=${busy}>
      <div class="field grow"><label for="words-new">${t("words.new")}</label>
        <div class="field-box"><textarea id="words-new" rows="2" value=${text} placeholder=${t("words.hint")} onInput=${({ currentTarget }) => setText(currentTarget.value)}></textarea></div></div>
      <button type="submit" class="button primary" disabled=${busy || !text.trim()}>${busy ? html`<${Spinner} />` : html`<${Icon} name="plus" /> ${t("words.add")}`}</button>
    </form>
    ${refusal && html`<p class="form-error" role="alert">${refusal.field ? t(`rule.words.${refusal.rule}`) ?? explain(refusal) : explain(refusal)}</p>`}
    ${!list && !refusal && html`<p class="waiting"><${Spinner} /></p>`}
    ${list?.words.length > 0 && html`<label class="search"><${Icon} name="search" />
      <input type="search" value=${filter} placeholder=${t("words.search")} aria-label=${t("words.search")} onInput=${({ currentTarget }) => setFilter(currentTarget.value)} /></label>`}
    <ul class="words-list" aria-label=${t("room.words")}>${found.slice(0, SHOWN).map((word) => html`<li key=${word}><span dir="auto">${word}</span>
      <button type="button" class="chip-x" aria-label=${t("words.remove", { word })} title=${t("words.remove", { word })} disabled=${busy} onClick=${() => change("delete", [word], "words.removed")}><${Icon} name="x" /></button></li>`)}</ul>
    ${list && !found.length && html`<p class="nothing">${t(wanted ? "words.none" : "words.empty", { text: filter })}</p>`}
    ${found.length > SHOWN && html`<p class="small-print">${t("words.more", { n: count(found.length - SHOWN) })}</p>`}
  `;
}
