/** Who did what to whom: a list that can only grow. */
import { api } from "../../js/api.js";
import { useT } from "../../js/i18n.js";
import { useStore } from "../../js/store.js";
import { full } from "../../js/time.js";
import { html } from "../../vendor/preact-htm.js";
import { meet, nameOf } from "../people.js";
import { roomPath } from "../route.js";
import { Rest, usePages } from "./pages.js";

export function Audit() {
  const t = useT();
  useStore((state) => state.users);
  const pages = usePages("", async (cursor) => {
    const { entries, next } = await api.get(`/api/admin/audit${cursor ? `?cursor=${cursor}` : ""}`);
    await meet(entries.flatMap(({ by, target }) => [by, uidOf(target)]));
    return { items: entries, next };
  });
  return html`
    <p class="small-print">${t("audit.text")}</p>
    <div class="table-box"><table class="audit">
      <thead><tr><th scope="col">${t("audit.time")}</th><th scope="col">${t("audit.by")}</th><th scope="col">${t("audit.act")}</th><th scope="col">${t("audit.target")}</th><th scope="col">${t("audit.note")}</th></tr></thead>
      <tbody>${pages.items.map(({ time, by, act, target, note }, index) => html`<tr key=${`${time} ${index}`}>
        <td><time datetime=${new Date(time).toISOString()}>${full(time)}</time></td>
        <td dir="auto">${by === null ? html`<em>${t("audit.operator")}</em>` : nameOf(by)}</td>
        <td>${t(`act.${act}`) ?? act}</td>
        <td dir="auto"><${Target} target=${target} /></td>
        <td class="audit-note" dir="auto">${note}</td>
      </tr>`)}</tbody>
    </table></div>
    <${Rest} pages=${pages} none=${t("audit.none")} />
  `;
}

function uidOf(target) {
  const [kind, rest] = target.split(":");
  return kind === "user" ? Number(rest) : 0;
}

function Target({ target }) {
  const t = useT();
  const uid = uidOf(target);
  if (uid) return html`<a href=${roomPath("people", String(uid))}>${nameOf(uid)}</a>`;
  const [kind, ...rest] = target.split(":");
  return rest.length ? t(`target.${kind}`, { what: rest.join(":") }) ?? target : t(`target.${kind}`) ?? target;
}
