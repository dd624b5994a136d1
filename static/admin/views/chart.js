/** One figure over time, as an area or as bars; a pointer or the arrow keys read a moment of it. */
import { useT } from "../../js/i18n.js";
import { moment } from "../../js/time.js";
import { html, useEffect, useMemo, useRef, useState } from "../../vendor/preact-htm.js";
import { count, levels, moments, tickText } from "../axis.js";

const HEIGHT = 180;
const LEFT = 44;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 24;
/** Nearer to an edge a moment below a chart would be cut off. */
const TICK_PX = 24;

/** Points further apart than this many steps have nothing between them. */
const GAP_STEPS = 1.5;

/** The width that a part has on the page, so that text in a drawing keeps its size. */
export function useWidth() {
  const box = useRef();
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry.contentRect.width)));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}

/**
 * `points` are `{time, value}`, ascending; `what` names the figure in sentences, with `{n}`.
 * Only what changed is drawn: a poll that brings the same points costs nothing.
 */
export function Chart({ title, what, points, from, to, step, tick, bars = false, tone = "accent" }) {
  const t = useT();
  const [box, width] = useWidth();
  const [at, setAt] = useState(-1);
  const most = Math.max(0, ...points.map(({ value }) => value));
  const lines = levels(most);
  const inner = Math.max(0, width - LEFT - RIGHT);
  const x = (time) => LEFT + ((time - from) / (to - from)) * inner;
  const y = (value) => TOP + (1 - value / lines.at(-1)) * (HEIGHT - TOP - BOTTOM);
  const middle = (point) => x(Math.min(to, point.time + step / 2));
  const shown = points[at];
  const point = ({ clientX }) => setAt(nearest(points, from + ((clientX - box.current.getBoundingClientRect().left - LEFT) / inner) * (to - from) - step / 2));
  const key = (event) => {
    const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -points.length, End: points.length };
    if (!(event.key in moves) || !points.length) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(points.length - 1, (at < 0 ? points.length : at) + moves[event.key])));
  };
  const said = shown ? `${moment(shown.time)} · ${t(what, { n: count(shown.value) })}` : t("chart.most", { n: count(most), what: t(what, { n: count(most) }) });
  return html`<figure class=${`chart tone-${tone}`}>
    <figcaption><h3>${title}</h3> <p class="chart-said" aria-live="polite">${points.length ? said : ""}</p></figcaption>
    <div class="chart-box" ref=${box} tabindex="0" role="group" aria-label=${t("chart.about", { title })} onKeyDown=${key} onBlur=${() => setAt(-1)}
      onPointerMove=${point} onPointerDown=${point} onPointerLeave=${() => setAt(-1)}>
      ${width > 0 && html`<svg width=${width} height=${HEIGHT} aria-hidden="true">
        ${lines.map((line) => html`<g key=${line}>
          <line class="grid" x1=${LEFT} x2=${width - RIGHT} y1=${y(line)} y2=${y(line)} />
          <text class="tick" x=${LEFT - 8} y=${y(line) + 4} text-anchor="end">${count(line)}</text>
        </g>`)}
        ${moments(from, to, tick).filter((time) => x(time) > TICK_PX && x(time) < width - TICK_PX).map((time) => html`<text class="tick" key=${time} x=${x(time)} y=${HEIGHT - 6} text-anchor="middle">${tickText(time, tick)}</text>`)}
        ${bars ? html`<${Bars} ...${{ points, x, y, step }} />` : html`<${Area} ...${{ points, middle, y, step }} />`}
        ${shown && html`<line class="cross" x1=${middle(shown)} x2=${middle(shown)} y1=${TOP} y2=${HEIGHT - BOTTOM} /><circle class="dot" cx=${middle(shown)} cy=${y(shown.value)} r="4" />`}
      </svg>`}
      ${!points.length && html`<p class="chart-none">${t("chart.none")}</p>`}
    </div>
  </figure>`;
}

function nearest(points, time) {
  let best = -1;
  points.forEach((point, index) => {
    if (best < 0 || Math.abs(point.time - time) < Math.abs(points[best].time - time)) best = index;
  });
  return best;
}

function Bars({ points, x, y, step }) {
  return points
    .filter(({ value }) => value > 0)
    .map(({ time, value }) => html`<rect class="bar-of" key=${time} x=${x(time) + 0.5} y=${y(value)} width=${Math.max(1, x(time + step) - x(time) - 1)} height=${y(0) - y(value)} rx="1" />`);
}

function Area({ points, middle, y, step }) {
  const runs = useMemo(() => runsOf(points, step), [points, step]);
  return runs.map((run) => {
    const line = run.map((point, index) => `${index ? "L" : "M"}${middle(point).toFixed(1)} ${y(point.value).toFixed(1)}`).join("");
    const floor = `L${middle(run.at(-1)).toFixed(1)} ${y(0)}L${middle(run[0]).toFixed(1)} ${y(0)}Z`;
    return html`<g key=${run[0].time}><path class="area" d=${line + floor} /><path class="line" d=${line} />
      ${run.length === 1 && html`<circle class="dot" cx=${middle(run[0])} cy=${y(run[0].value)} r="2" />`}</g>`;
  });
}

/** Stretches without a hole: a server that was away is no straight line. */
function runsOf(points, step) {
  const runs = [];
  for (const point of points) {
    const before = runs.at(-1)?.at(-1);
    if (before && point.time - before.time <= step * GAP_STEPS) runs.at(-1).push(point);
    else runs.push([point]);
  }
  return runs;
}
