/** The period that the page shows: whole UTC days, in the address so that it can be shared. */

const DAY = 86_400_000;
export const MAX_DAYS = 366;
export const HOURLY_UP_TO_DAYS = 7;
const PRESETS = { today: 1, "7d": 7, "30d": 30 };
const USUAL = "7d";

const textOf = (time) => new Date(time).toISOString().slice(0, 10);

/** @typedef {{start: string, end: string, preset: string | null}} Period */

/** @returns {Period} the days of a preset, today being the last */
export function presetPeriod(preset, now = Date.now()) {
  return { start: textOf(now - (PRESETS[preset] - 1) * DAY), end: textOf(now), preset };
}

/** What is wrong with two dates; empty when they are a period. */
export function problemOf(start, end) {
  if (!isDate(start) || !isDate(end)) return "Both days are needed.";
  if (end < start) return "The last day must not be before the first one.";
  const days = (Date.parse(end) - Date.parse(start)) / DAY + 1;
  return days > MAX_DAYS ? `A period has ${MAX_DAYS} days at most; this one has ${days}.` : "";
}

function isDate(text) {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : NaN;
  return !Number.isNaN(time) && textOf(time) === text;
}

/** @returns {{period: Period, problem: string}} the period of an address's query; a wrong one is told, and not shown */
export function readPeriod(query) {
  const fields = new URLSearchParams(query);
  if (fields.has("from") || fields.has("to")) {
    const [start, end] = [fields.get("from") ?? "", fields.get("to") ?? ""];
    const problem = problemOf(start, end);
    return problem ? { period: presetPeriod(USUAL), problem } : { period: { start, end, preset: null }, problem };
  }
  const preset = fields.get("range") ?? USUAL;
  return { period: presetPeriod(preset in PRESETS ? preset : USUAL), problem: "" };
}

export function writePeriod({ start, end, preset }) {
  return preset === null ? `?from=${start}&to=${end}` : `?range=${preset}`;
}

export function daysOf({ start, end }) {
  return (Date.parse(end) - Date.parse(start)) / DAY + 1;
}

export function isHourly(period) {
  return daysOf(period) <= HOURLY_UP_TO_DAYS;
}

/** The start of each hour or day of the period, up to now: what has no row there has no events. */
export function timesOf(period, now = Date.now()) {
  const step = isHourly(period) ? DAY / 24 : DAY;
  const end = Math.min(Date.parse(period.end) + DAY, now);
  const times = [];
  for (let time = Date.parse(period.start); time < end; time += step) times.push(time);
  return times;
}
