/** What calls for attention: unread in the tab's title, a dot on its icon, and that a message has come. */
import { file } from "./files.js";
import { t } from "./i18n.js";
import { mentionsMe } from "./roster.js";
import { get, subscribe } from "./store.js";

/** Where nobody looks, a tab waits so long for one in which somebody does, and that keeps the others quiet. */
const LATER_MS = 300;
const QUIET_MS = 1_500;

export function startAttention() {
  let shown = "";
  const show = () => {
    const { convs, phase, lang } = get();
    const counted = Object.values(convs).filter(({ muted }) => !muted);
    const unread = phase === "in" ? counted.reduce((sum, conv) => sum + conv.unread, 0) : 0;
    if (shown === `${unread} ${lang}`) return;
    shown = `${unread} ${lang}`;
    document.title = unread ? `(${unread > 99 ? "99+" : unread}) ${t("app")}` : t("app");
    document.querySelector("link[rel=icon]").href = file(`img/${unread ? "icon-unread" : "icon"}.svg`);
  };
  subscribe(show);
  show();
}

/** A message was pushed: announced once, however many tabs there are, and not where it is being read. */
export async function heed(message) {
  const { conv, seq, from, kind, silent } = message;
  const { me, convs, route } = get();
  if (from === me.uid || kind === "system" || silent || (convs[conv]?.muted && !mentionsMe(message, me.uid))) return;
  const away = document.visibilityState === "hidden" || !document.hasFocus();
  if (away) await pause(LATER_MS);
  if (get().phase !== "in") return;
  alone(`tornado-im ${conv} ${seq}`, async () => {
    if (away || route.conv !== conv) (await import("./announce.js")).announce(message, { away });
  });
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** In the first of the tabs that comes to it, where the browser has locks. */
function alone(name, act) {
  if (!navigator.locks) return void act();
  navigator.locks.request(name, { ifAvailable: true }, (lock) => lock && Promise.allSettled([act(), pause(QUIET_MS)]));
}
