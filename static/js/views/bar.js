/** The quiet bar while there is no connection: what is going on, and when the next try comes. */
import { html, useEffect, useState } from "../../vendor/preact-htm.js";
import { reconnect } from "../acts.js";
import { useT } from "../i18n.js";
import { useStore } from "../store.js";
import { Icon, Spinner, useNow } from "./parts.js";

/** A short break is nobody's business. */
const PATIENCE_MS = 1_200;

export function Bar() {
  const t = useT();
  const { state, retryAt } = useStore((all) => all.link);
  const network = useStore((all) => all.network);
  const away = state !== "ready";
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (!away) return undefined;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [away]);
  const waiting = state === "waiting";
  const now = useNow(waiting ? 500 : 0);
  const offline = !network;
  if (!offline && !(away && late)) return html`<div class="bar-place" role="status"></div>`;
  const seconds = Math.max(1, Math.ceil((retryAt - now) / 1000));
  return html`<div class="bar-place open" role="status">
    <div class="bar">
      ${offline ? html`<${Icon} name="wifi-off" />` : html`<${Spinner} />`}
      <span>${offline ? t("bar.offline") : t("bar.reconnecting")}</span>
      ${waiting && !offline && html`<span class="bar-next" aria-hidden="true">${t("bar.next", { n: seconds })}</span>`}
      ${waiting && html`<button type="button" class="link-button" onClick=${reconnect}>${t("bar.now")}</button>`}
    </div>
  </div>`;
}
