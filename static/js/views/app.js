/** The whole page by phase: what shows while it is found out who I am, the card to sign in with, or what lies behind. */
import { html } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";
import { door, room } from "../inside.js";
import { set, useStore } from "../store.js";
import { Spinner } from "./parts.js";
import { Toast } from "./toast.js";

export function App() {
  const phase = useStore((state) => state.phase);
  const asked = useStore((state) => Boolean(state.dialog));
  return html`
    ${phase === "in" ? html`<${room.Shell} />` : phase === "out" ? html`<${door.SignIn} />` : html`<${Splash} away=${phase === "unreachable"} />`}
    ${room && asked && html`<${room.Dialogs} close=${() => set({ dialog: null })} />`}
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
