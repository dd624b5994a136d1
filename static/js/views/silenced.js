/** In the place of the box: why I may not write here. */
import { html, useEffect, useState } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";
import { silence } from "../roster.js";
import { get, useStore } from "../store.js";
import { moment } from "../time.js";
import { nameOf } from "../words.js";
import { Icon } from "./parts.js";

/** A time so far away is as good as for good; and a timer cannot wait longer than about 24 days. */
const LONG_MS = 365 * 86_400_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** `{why, by?, until?}` or null; it ends by itself when its time has come. */
export function useSilence(conv) {
  const group = useStore((state) => state.groups[conv.conv]);
  const me = useStore((state) => state.me.uid);
  const refused = useStore((state) => [403, 404].includes(state.threads[conv.conv]?.failed?.refusal.status));
  const [, tick] = useState(0);
  const found = silence(conv, group, me, Date.now());
  useEffect(() => {
    if (!found?.until) return undefined;
    const timer = setTimeout(() => tick(Date.now()), Math.min(LONGEST_TIMER_MS, found.until - Date.now() + 50));
    return () => clearTimeout(timer);
  }, [found?.until]);
  return found ?? (conv.type === "group" && refused ? { why: "outside" } : null);
}

export function Silenced({ why, by, until }) {
  const t = useT();
  useStore((state) => state.users);
  const kind = until > Date.now() + LONG_MS ? ".long" : why === "dissolved" && by === get().me.uid ? ".mine" : "";
  return html`<footer class="composer silenced" role="status">
    <p><${Icon} name=${why === "muted" ? "volume-x" : "lock"} /> <span>${t(`silence.${why}${kind}`, { by: nameOf(by) ?? "…", until: until && moment(until) })}</span></p>
  </footer>`;
}
