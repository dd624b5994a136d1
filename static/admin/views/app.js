/** The whole page by phase, and its frame: the rooms at the side, on a phone below. */
import { file } from "../../js/files.js";
import { explain, useT } from "../../js/i18n.js";
import { useStore } from "../../js/store.js";
import { Avatar, Icon, Spinner } from "../../js/views/parts.js";
import { Looks } from "../../js/views/looks.js";
import { Toast } from "../../js/views/toast.js";
import { html, useEffect, useRef } from "../../vendor/preact-htm.js";
import { say } from "../people.js";
import { ROOMS, roomPath } from "../route.js";
import { signOut } from "../session.js";
import { Audit } from "./audit.js";
import { Dialogs } from "./dialogs.js";
import { Denied, Door } from "./door.js";
import { Figures } from "./figures.js";
import { People } from "./people.js";
import { Reports } from "./reports.js";
import { Words } from "./words.js";

const VIEWS = { figures: Figures, reports: Reports, people: People, words: Words, audit: Audit };
const ICONS = { figures: "presentation", reports: "flag", people: "users", words: "keyboard", audit: "file-text" };

export function App() {
  const phase = useStore((state) => state.phase);
  return html`
    ${phase === "in" ? html`<${Shell} />` : phase === "out" ? html`<${Door} />` : phase === "denied" ? html`<${Denied} />` : html`<${Splash} away=${phase === "unreachable"} />`}
    <${Dialogs} />
    <${Toast} />
  `;
}

function Splash({ away }) {
  const t = useT();
  return html`<main class="splash" aria-busy=${!away}>
    <span class="logo"></span>
    ${away && html`<p role="status"><${Spinner} /> ${t("unreachable")}</p>`}
  </main>`;
}

function Shell() {
  const t = useT();
  const { name, query } = useStore((state) => state.route);
  const title = useRef();
  const shown = useRef(name);
  useEffect(() => {
    document.title = `${t(`room.${name}`)} · ${t("admin.title")}`;
    if (shown.current !== name) title.current.focus({ preventScroll: true }); // so that a reader of screens hears where it is
    shown.current = name;
  });
  return html`<div class="admin">
    <${Rooms} here=${name} />
    <main class="room scroller" key=${name}>
      <div class="room-body">
        <h1 ref=${title} tabindex="-1">${t(`room.${name}`)}</h1>
        <${VIEWS[name]} key=${name} query=${query} />
      </div>
    </main>
  </div>`;
}

function Rooms({ here }) {
  const t = useT();
  const me = useStore((state) => state.me);
  const leave = () => signOut().catch((refusal) => say(explain(refusal)));
  return html`<nav class="rooms" aria-label=${t("admin.rooms")}>
    <p class="rooms-head"><img src=${file("img/icon.svg")} alt="" width="32" height="32" /> <span><strong>Tornado IM</strong> <span class="muted">${t("admin.title")}</span></span></p>
    <ul>${ROOMS.map((name) => html`<li key=${name}><a href=${roomPath(name)} aria-current=${name === here ? "page" : undefined}><${Icon} name=${ICONS[name]} /> <span>${t(`room.${name}`)}</span></a></li>`)}</ul>
    <div class="rooms-foot">
      <p class="rooms-me"><${Avatar} uid=${me.uid} name=${me.nickname || me.user_name} size="small" /> <span class="grow two-lines"><span dir="auto">${me.nickname || me.user_name}</span> <a href="/">${t("admin.chat")}</a></span></p>
      <div class="looks"><${Looks} /></div>
      <button type="button" class="button slim" onClick=${leave}><${Icon} name="log-out" /> <span>${t("signout")}</span></button>
    </div>
  </nav>`;
}
