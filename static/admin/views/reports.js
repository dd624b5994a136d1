/** What people have reported: by state, the newest first, each with what stood around it. */
import { api } from "../../js/api.js";
import { useT } from "../../js/i18n.js";
import { html, useState } from "../../vendor/preact-htm.js";
import { meet } from "../people.js";
import { Rest, usePages } from "./pages.js";
import { Report } from "./report.js";
import { Segments } from "./segments.js";

const STATES = ["open", "dismissed", "recalled", "banned"];
const PAGE = 20;

export function Reports() {
  const t = useT();
  const [state, setState] = useState("open");
  const pages = usePages(state, async (cursor) => {
    const asked = new URLSearchParams({ state, limit: PAGE, ...(cursor && { before: cursor }) });
    const found = await api.get(`/api/admin/reports?${asked}`);
    await meet(found.flatMap(({ by, message, around, closed_by }) => [by, message.from, closed_by, ...around.flatMap(({ from, data }) => [from, ...(data?.uids ?? [])])]));
    return { items: found, next: found.length === PAGE ? found.at(-1).id : null };
  });
  const gone = (id) => pages.change((items) => items.filter((item) => item.id !== id));
  const shown = pages.key === state ? pages.items : [];
  return html`
    <${Segments} name="state" label=${t("reports.state")} value=${state} choose=${setState} choices=${STATES.map((name) => [name, t(`reports.${name}`)])} />
    <ul class="reports">${shown.map((report) => html`<${Report} key=${report.id} report=${report} gone=${gone} again=${pages.again} />`)}</ul>
    <${Rest} pages=${{ ...pages, items: shown }} none=${t(`reports.none.${state}`)} />
  `;
}
