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
  const [, redraw] = useState(0);
  const here = useReading(filter);
  const shown = rooms
    .map((room) => ({ ...room, calls: room.calls.filter((call) => has(call, filter)) }))
    .filter(({ calls }) => calls.length > 0);
  const onLanguage = () => {
    switchLanguage();
    redraw((count) => count + 1);
  };
  const chosen = { filter, onFilter: setFilter, onLanguage, onTheme: switchTheme };
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

async function start() {
  const page = document.getElementById("page");
  document.title = t("title");
  render(html`<p class="empty">${t("loading")}</p>`, page);
  const answer = await fetch("/api/openapi.json").catch(() => null);
  if (!answer?.ok) {
    render(html`<p class="empty">${t("failed")}</p>`, page);
    return;
  }
  render(html`<${Page} ...${read(await answer.json())} />`, page);
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

start();
