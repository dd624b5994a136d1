/** Time as people write it, in the reader's zone and language. */
import { locale, t } from "./i18n.js";

const DAY_MS = 86_400_000;
const formats = new Map();

function format(name, options, time) {
  const key = `${name} ${locale()}`;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale(), options));
  return formats.get(key).format(time);
}

/** When the day of a moment began. */
export function midnight(time) {
  return new Date(time).setHours(0, 0, 0, 0);
}

/** Whole days between two moments' dates; a day of 23 or 25 hours is one as well. */
function daysAgo(time, now) {
  return Math.round((midnight(now) - midnight(time)) / DAY_MS);
}

export function sameDay(one, other) {
  return midnight(one) === midnight(other);
}

function sameYear(one, other) {
  return new Date(one).getFullYear() === new Date(other).getFullYear();
}

export function clock(time) {
  return format("clock", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, time);
}

function date(time, now) {
  if (sameYear(time, now)) return format("date", { day: "numeric", month: "long" }, time);
  return format("year", { day: "numeric", month: "long", year: "numeric" }, time);
}

/** In the list: 14:05, yesterday, Tue, 3 Mar, and of another year 3 Mar 2024. */
export function listTime(time, now = Date.now()) {
  const days = daysAgo(time, now);
  if (days <= 0) return clock(time);
  if (days === 1) return t("time.yesterday");
  if (days < 7) return format("weekday", { weekday: "short" }, time);
  if (sameYear(time, now)) return format("short", { day: "numeric", month: "short" }, time);
  return format("short.year", { day: "numeric", month: "short", year: "numeric" }, time);
}

/** Between the messages of two days. */
export function dayTitle(time, now = Date.now()) {
  const days = daysAgo(time, now);
  if (days <= 0) return t("time.today");
  if (days === 1) return t("time.yesterday.title");
  if (days < 7) return format("weekday.long", { weekday: "long" }, time);
  return date(time, now);
}

/** Within a sentence: 14:05 of today, else with its date. */
export function moment(time, now = Date.now()) {
  return sameDay(time, now) ? clock(time) : `${date(time, now)} ${clock(time)}`;
}

/** For tooltips and lists of devices. */
export function full(time) {
  return format("full", { dateStyle: "long", timeStyle: "short" }, time);
}
