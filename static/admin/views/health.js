/** How the three stores were: a strip for each, and where one was away it shows. */
import { useT } from "../../js/i18n.js";
import { moment } from "../../js/time.js";
import { html } from "../../vendor/preact-htm.js";
import { useWidth } from "./chart.js";

const STORES = { sql: "SQL", redis: "Redis", mongo: "MongoDB" };
const HEIGHT = 22;

export function Health({ points, stats, from, to, step }) {
  const t = useT();
  const [box, width] = useWidth();
  const x = (time) => ((time - from) / (to - from)) * width;
  return html`<figure class="chart health">
    <figcaption><h3>${t("stores.title")}</h3></figcaption>
    <div class="health-rows" ref=${box}>
      ${Object.entries(STORES).map(([store, name]) => {
        const bad = points.filter(({ stores }) => stores[store] < 1);
        const up = stats ? stats[store] === 1 : true;
        return html`<div class="health-row" key=${store}>
          <p><span>${name}</span> <span class=${up ? "online" : "is-down"}>${t(up ? "stores.up" : "stores.down")}</span>
            <span class="muted">${bad.length ? t("stores.bad", { time: moment(bad.at(-1).time) }) : points.length ? t("stores.good") : ""}</span></p>
          <svg width=${width} height=${HEIGHT} aria-hidden="true">
            <rect class="strip-none" width=${width} height=${HEIGHT} rx="4" />
            ${stretches(points, store, step).map((each) => html`<rect key=${each.from} class=${`strip-${each.grade}`} x=${Math.max(0, x(each.from))} width=${Math.max(1, x(each.to) - Math.max(0, x(each.from)))} height=${HEIGHT} />`)}
          </svg>
        </div>`;
      })}
    </div>
  </figure>`;
}

/** Points that follow each other with the same grade, as one. */
function stretches(points, store, step) {
  const found = [];
  for (const { time, stores } of points) {
    const now = grade(stores[store]);
    const last = found.at(-1);
    if (last?.to === time && last.grade === now) last.to = time + step;
    else found.push({ from: time, to: time + step, grade: now });
  }
  return found;
}

function grade(share) {
  if (share >= 1) return "up";
  return share > 0.5 ? "partly" : "down";
}
