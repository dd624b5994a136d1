/** The whole page by phase, and its frame: list and thread beside each other, one of them on a phone. */
import { html, useEffect } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";
import { back } from "../route.js";
import { useStore } from "../store.js";
import { Bar } from "./bar.js";
import { Invitation } from "./asking.js";
import { Dialogs } from "./dialogs.js";
import { fetchAll, later } from "./later.js";
import { List } from "./list.js";
import { Icon, Spinner } from "./parts.js";
import { Edge } from "./resize.js";
import { SignIn } from "./signin.js";
import { Thread } from "./thread.js";
import { Toast } from "./toast.js";

/** Its column is there at once, so that the thread does not jump when it comes. */
const Details = later(async () => (await import("./details.js")).Details, { styles: ["details", "face"], meanwhile: html`<aside class="details"></aside>` });
const Settings = later(async () => (await import("./settings.js")).Settings, { styles: ["settings", "face"] });

export function App() {
  const phase = useStore((state) => state.phase);
  return html`
    ${phase === "in" ? html`<${Shell} />` : phase === "out" ? html`<${SignIn} />` : html`<${Splash} away=${phase === "unreachable"} />`}
    <${Dialogs} />
    <${Toast} />
  `;
}

function Splash({ away }) {
  const t = useT();
  return html`<main class="splash" aria-busy=${!away}>
    <img class="logo" src="/static/img/icon.svg" alt="" width="56" height="56" />
    ${away && html`<p role="status"><${Spinner} /> ${t("unreachable")}</p>`}
  </main>`;
}

function Shell() {
  const { name, conv } = useStore((state) => state.route);
  const about = useStore((state) => (name === "info" && conv.startsWith("g") ? state.convs[conv] : null));
  const code = useStore((state) => state.invitation);
  const connected = useStore((state) => state.link.state === "ready");
  const t = useT();
  useEffect(() => {
    if (connected) fetchAll();
  }, [connected]);
  return html`<main class="shell" data-pane=${about ? "details" : conv ? "thread" : "list"}>
    <h1 class="unseen">${t("app")}</h1>
    <${Bar} />
    <${List} />
    <${Edge} />
    ${conv ? html`<${Thread} key=${conv} conv=${conv} />` : html`<${Nobody} />`}
    ${about && html`<${Details} key=${`about ${conv}`} conv=${about} close=${back} />`}
    ${code && html`<${Invitation} key=${code} code=${code} />`}
    ${name === "settings" && html`<${Settings} close=${back} />`}
  </main>`;
}

function Nobody() {
  const t = useT();
  return html`<div class="nobody">
    <div class="nobody-card">
      <${Icon} name="message-circle" />
      <h2>${t("nobody.title")}</h2>
      <p>${t("nobody.text")}</p>
    </div>
  </div>`;
}
