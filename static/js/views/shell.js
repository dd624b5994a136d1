/** The frame of who is signed in: list, thread and details beside each other, one of them on a phone. */
import { html, useEffect } from "../../vendor/preact-htm.js";
import { isShown } from "../convs.js";
import { useT } from "../i18n.js";
import { back, closeInvitation } from "../route.js";
import { useConnected, useStore } from "../store.js";
import { Bar } from "./bar.js";
import { fetchAll, later } from "./later.js";
import { List } from "./list.js";
import { Icon } from "./parts.js";
import { Edge } from "./resize.js";
import { Thread } from "./thread.js";

/** Its column is there at once, so that the thread does not jump when it comes. */
const Details = later(async () => (await import("./details.js")).Details, { styles: ["details", "face"], meanwhile: html`<aside class="details"></aside>` });
const Invitation = later(async () => (await import("./asking.js")).Invitation);
const Settings = later(async () => (await import("./settings.js")).Settings, { styles: ["settings", "face"] });

export function Shell() {
  const { name, conv: asked } = useStore((state) => state.route);
  const me = useStore((state) => state.me.uid);
  const conv = isOf(asked, me) ? asked : undefined;
  const about = useStore((state) => (name === "info" && conv?.startsWith("g") ? state.convs[conv] : null));
  const code = useStore((state) => state.invitation);
  const connected = useConnected();
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
    ${code && html`<${Invitation} key=${code} code=${code} close=${closeInvitation} />`}
    ${name === "settings" && html`<${Settings} close=${back} />`}
  </main>`;
}

/** Whether somebody can be in a conversation: an address may name one of two others. */
function isOf(conv, uid) {
  return conv?.startsWith("g") || conv?.split(":").includes(String(uid));
}

function Nobody() {
  const t = useT();
  const none = useStore((state) => state.listed && !Object.values(state.convs).some((conv) => isShown(conv, state)));
  return html`<div class="nobody">
    <div class="nobody-card">
      <${Icon} name="message-circle" />
      <h2>${t("nobody.title")}</h2>
      <p>${t(none ? "nobody.none" : "nobody.text")}</p>
    </div>
  </div>`;
}
