/** Scales of a chart: round numbers upwards, and round moments of the reader's clock along it. */
import { locale } from "../js/i18n.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What can be looked at: how long, in which steps, and how far apart the moments below it stand. */
export const RANGES = {
  hour: { span: HOUR, step: MINUTE, tick: 10 * MINUTE },
  day: { span: DAY, step: 5 * MINUTE, tick: 4 * HOUR },
  week: { span: 7 * DAY, step: HOUR, tick: DAY },
  month: { span: 30 * DAY, step: 6 * HOUR, tick: 5 * DAY },
};

/** Three or four lines from 0 to at least `most`, at 1, 2 or 5 times a power of ten, and whole. */
export function levels(most) {
  const rough = Math.max(most, 1) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = Math.max(1, power * [1, 2, 5, 10].find((factor) => factor * power >= rough));
  const top = Math.max(1, Math.ceil(most / unit)) * unit;
  return Array.from({ length: top / unit + 1 }, (_, number) => number * unit);
}

/** The round moments between two, by the clock on the wall: midnight is midnight on both sides of a changed clock. */
export function moments(from, to, tick) {
  const found = [];
  const at = new Date(from);
  at.setHours(0, 0, 0, 0);
  while (at.getTime() <= to) {
    if (at.getTime() >= from) found.push(at.getTime());
    if (tick >= DAY) at.setDate(at.getDate() + tick / DAY);
    else at.setTime(at.getTime() + tick);
  }
  return found;
}

/** How a moment is said below a chart. */
export function tickText(time, tick) {
  const options = tick >= DAY ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Intl.DateTimeFormat(locale(), options).format(time);
}

/** A number as people read it: 1,234 and 12K. */
export function count(value) {
  const options = Math.abs(value) >= 10_000 ? { notation: "compact", maximumFractionDigits: 1 } : { maximumFractionDigits: 1 };
  return new Intl.NumberFormat(locale(), options).format(value);
}

/** A day, where its time of day says nothing. */
export function dayText(time) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium" }).format(time);
}

export function bytes(value) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const power = Math.min(units.length - 1, Math.floor(Math.log(Math.max(value, 1)) / Math.log(1024)));
  return new Intl.NumberFormat(locale(), { style: "unit", unit: units[power], maximumFractionDigits: power > 1 ? 0 : 1 }).format(value / 1024 ** power);
}
