/** The page at /docs: takes `/api/openapi.json` and draws it. */
import { recall, remember } from "../js/prefs.js";
import { html, render, useEffect, useState } from "../vendor/preact-htm.js";
import { Call } from "./call.js";
import { Bar, Contents } from "./frame.js";
import { Prose } from "./prose.js";
import { read } from "./read.js";
import { switchLanguage, t } from "./say.js";

/** A call counts as being read once it reaches into the upper part of the window. */
const READ_AREA = "-64px 0px -70% 0px";

function Page({ info, rooms }) {
  const [filter, setFilter] = useState("");
  const here = useReading(filter);
  const shown = rooms
    .map((room) => ({ ...room, calls: room.calls.filter((call) => has(call, filter)) }))
    .filter(({ calls }) => calls.length > 0);
  const chosen = { filter, onFilter: setFilter, onLanguage: () => (switchLanguage(), show()), onTheme: switchTheme };
  return html`
    <${Bar} version=${info.version} ...${chosen} />
    <div class="sheet" id="top">
      <${Contents} rooms=${shown} here=${here} />
      <main>
        <h1>${t("title")}</h1>
        <${Prose} text=${info.description} />
        ${shown.length === 0 && html`<p class="empty">${t("none")}</p>`}
        ${shown.map(
          ({ name, text, calls }) => html`<section key=${name}>
            <h2 id=${name}>${name}</h2>
            <${Prose} text=${text} />
            ${calls.map((call) => html`<${Call} key=${call.id} call=${call} />`)}
          </section>`,
        )}
      </main>
    </div>`;
}

function has({ method, path, summary, text, refusals }, filter) {
  const words = refusals.flatMap((refusal) => refusal.words.map(({ word }) => word));
  const all = [method, path, summary, text, ...words].join(" ").toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((part) => all.includes(part));
}

/** The id of the call that is being read. */
function useReading(filter) {
  const [here, setHere] = useState("");
  useEffect(() => {
    const observer = new IntersectionObserver(
      (seen) => {
        const entered = seen.find(({ isIntersecting }) => isIntersecting);
        if (entered) setHere(entered.target.id);
      },
      { rootMargin: READ_AREA },
    );
    for (const call of document.querySelectorAll(".call")) observer.observe(call);
    return () => observer.disconnect();
  }, [filter]);
  return here;
}

function switchTheme() {
  const chosen = recall("theme", "system");
  const dark = chosen === "dark" || (chosen === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  const next = dark ? "light" : "dark";
  remember("theme", next);
  document.documentElement.dataset.theme = next;
}

/** Draws the description in the language that is chosen. */
async function show() {
  const page = document.getElementById("page");
  document.title = t("title");
  const { lang } = document.documentElement;
  const answer = await fetch("/api/openapi.json", { headers: { "Accept-Language": lang } }).catch(() => null);
  const description = answer?.ok && (await answer.json());
  if (lang !== document.documentElement.lang) return; // chosen anew meanwhile
  render(description ? html`<${Page} ...${read(description)} />` : html`<p class="empty">${t("failed")}</p>`, page);
}

render(html`<p class="empty">${t("loading")}</p>`, document.getElementById("page"));
await show();
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
