/** The link that lets people into a group: made, copied and ended by those who lead it. */
import { html, useState } from "../../vendor/preact-htm.js";
import { complain, copy } from "../acts.js";
import { LINK_LIVES, ask, endLink, linkOf, makeLink } from "../groups.js";
import { useT } from "../i18n.js";
import { full } from "../time.js";
import { Icon } from "./parts.js";

export function Link({ conv }) {
  const t = useT();
  const [, draw] = useState(0);
  const [life, setLife] = useState("week");
  const link = linkOf(conv);
  const again = () => draw((count) => count + 1);
  const make = () => makeLink(conv, Object.fromEntries(LINK_LIVES)[life]).then(again, complain);
  const end = () => ask("link", {}, () => endLink(conv).then(again));
  return html`<section>
    <h4><${Icon} name="link" /> ${t("details.link")}</h4>
    ${link
      ? html`<input class="link-url" readonly value=${link.url} aria-label=${t("details.link")} onFocus=${(event) => event.currentTarget.select()} />
        <p class="small-print">${link.until ? t("details.link.until", { time: full(link.until) }) : t("details.link.forever")}</p>
        <div class="link-acts">
          <button type="button" class="button slim" onClick=${() => copy(link.url)}><${Icon} name="copy" /> ${t("details.link.copy")}</button>
          <button type="button" class="button slim danger" onClick=${end}>${t("details.link.end")}</button>
        </div>`
      : html`<p class="small-print">${t("details.link.text")}</p>
        <div class="link-acts">
          <label class="lasts">${t("details.link.lasts")}
            <select value=${life} onChange=${(event) => setLife(event.currentTarget.value)}>${LINK_LIVES.map(([name]) => html`<option key=${name} value=${name}>${t(`details.link.${name}`)}</option>`)}</select>
          </label>
          <button type="button" class="button slim" onClick=${make}>${t("details.link.make")}</button>
        </div>`}
  </section>`;
}
