/** How things stand, and how they stood: tiles of numbers, and charts over an hour, a day, a week, a month. */
import { api } from "../../js/api.js";
import { explain, useT } from "../../js/i18n.js";
import { recall, remember } from "../../js/prefs.js";
import { Icon, Spinner } from "../../js/views/parts.js";
import { html, useEffect, useState } from "../../vendor/preact-htm.js";
import { RANGES, bytes, count } from "../axis.js";
import { roomPath } from "../route.js";
import { Chart } from "./chart.js";
import { Health } from "./health.js";
import { Segments } from "./segments.js";

const POLL_MS = 15_000;

export function Figures() {
  const t = useT();
  const [range, setRange] = useState(() => (recall("admin.range") in RANGES ? recall("admin.range") : "day"));
  const [{ stats, history, refusal }, setState] = useState({});
  useEffect(() => {
    let wanted = true;
    const load = async () => {
      if (document.visibilityState === "hidden") return;
      const now = Date.now();
      const { span, step } = RANGES[range];
      const from = now - span - ((now - span) % step);
      try {
        const [fresh, { points }] = await Promise.all([api.get("/api/admin/stats"), api.get(`/api/admin/stats/history?since=${from}&step=${step}`)]);
        if (wanted) setState({ stats: fresh, history: { range, points, from, to: now } });
      } catch (problem) {
        if (wanted) setState((before) => ({ ...before, refusal: problem }));
      }
    };
    load();
    const timer = setInterval(load, POLL_MS);
    document.addEventListener("visibilitychange", load);
    return () => {
      wanted = false;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", load);
    };
  }, [range]);
  const choose = (chosen) => {
    remember("admin.range", chosen);
    setRange(chosen);
  };
  const ready = history?.range === range;
  return html`
    ${refusal && html`<p class="form-error" role="alert">${explain(refusal)}</p>`}
    ${stats ? html`<${Tiles} stats=${stats} />` : html`<p class="waiting"><${Spinner} /></p>`}
    <div class="room-bar"><h2>${t("figures.over")}</h2>
      <${Segments} name="range" label=${t("figures.range")} value=${range} choose=${choose} choices=${Object.keys(RANGES).map((name) => [name, t(`range.${name}`)])} />
    </div>
    <div class=${`charts ${ready ? "" : "is-old"}`}>${history && html`<${Charts} ...${history} stats=${stats} />`}</div>
  `;
}

function Charts({ range, points, from, to, stats }) {
  const t = useT();
  const { step, tick } = RANGES[range];
  const of = (field) => points.map((point) => ({ time: point.time, value: point[field] }));
  const frame = { from, to, step, tick };
  return html`
    <${Chart} title=${t("chart.online")} what="chart.online.n" points=${of("online")} ...${frame} />
    <${Chart} title=${t("chart.messages")} what="chart.messages.n" points=${of("messages")} bars=${true} ...${frame} />
    <${Chart} title=${t("chart.errors")} what="chart.errors.n" points=${of("errors")} bars=${true} tone="danger" ...${frame} />
    <${Health} points=${points} stats=${stats} ...${frame} />
  `;
}

function Tiles({ stats }) {
  const t = useT();
  const ms = (value) => t("figures.ms", { n: count(value) });
  return html`<dl class="tiles">
    <${Tile} icon="users" name=${t("tile.online")} value=${count(stats.online)} more=${t("tile.online.of", { n: count(stats.people) })} />
    <${Tile} icon="message-circle" name=${t("tile.messages")} value=${count(stats.messages_per_minute)} more=${t("tile.messages.day", { n: count(stats.messages_day) })} />
    <${Tile} icon="flag" name=${t("tile.reports")} value=${count(stats.reports)} more=${stats.reports ? html`<a href=${roomPath("reports")}>${t("tile.reports.see")}</a>` : t("tile.reports.none")} tone=${stats.reports ? "warn" : ""} />
    <${Tile} icon="circle-alert" name=${t("tile.errors")} value=${count(stats.errors_day)} more=${t("tile.errors.limited", { n: count(stats.limited) })} tone=${stats.errors_day ? "danger" : ""} />
    <${Tile} icon="clock" name=${t("tile.ack")} value=${ms(stats.ack_ms)} more=${t("tile.lag", { ms: ms(stats.lag_ms) })} />
    <${Tile} icon="monitor" name=${t("tile.processes")} value=${count(stats.processes)} more=${t("tile.memory", { size: bytes(stats.memory), n: count(stats.sockets) })} />
  </dl>`;
}

function Tile({ icon, name, value, more, tone = "" }) {
  return html`<div class=${`tile ${tone}`}>
    <dt><${Icon} name=${icon} /> ${name}</dt>
    <dd><strong>${value}</strong> <span class="muted">${more}</span></dd>
  </div>`;
}
