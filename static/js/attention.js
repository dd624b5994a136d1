/** What the browser's tab shows: unread in the title, a dot on the icon. */
import { t } from "./i18n.js";
import { get, subscribe } from "./store.js";

export function startAttention() {
  let shown = "";
  const show = () => {
    const { convs, phase, lang } = get();
    const counted = Object.values(convs).filter(({ muted }) => !muted);
    const unread = phase === "in" ? counted.reduce((sum, conv) => sum + conv.unread, 0) : 0;
    if (shown === `${unread} ${lang}`) return;
    shown = `${unread} ${lang}`;
    document.title = unread ? `(${unread > 99 ? "99+" : unread}) ${t("app")}` : t("app");
    document.querySelector("link[rel=icon]").href = `/static/img/${unread ? "icon-unread" : "icon"}.svg`;
  };
  subscribe(show);
  show();
}
