/** Numbers, times and names as the viewer's language writes them; every time is UTC. */

/** Stands for a part of nothing. */
export const NOTHING = "–";
const language = navigator.language;
const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const money = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const ratio = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
const regions = new Intl.DisplayNames([language], { type: "region" });
const utc = (options) => new Intl.DateTimeFormat(language, { ...options, timeZone: "UTC" });
const day = utc({ day: "numeric", month: "short" });
const date = utc({ dateStyle: "medium" });
const hour = utc({ weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const moment = utc({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const clock = utc({ timeStyle: "medium" });

export const formatNumber = (value) => whole.format(value);
export const formatAmount = (value) => money.format(value);
export const formatShort = (value) => short.format(value);
export const formatShare = (part, all) => (all > 0 ? share.format(part / all) : NOTHING);
export const formatRatio = (value, by) => (by > 0 ? ratio.format(value / by) : NOTHING);
export const formatDay = (time) => day.format(time);
export const formatDate = (time) => date.format(time);
export const formatHour = (time) => hour.format(time);
export const formatMoment = (time) => moment.format(time);
export const formatClock = (time) => clock.format(time);

export function formatDuration(seconds) {
  if (seconds === null) return NOTHING;
  const unit = seconds < 90 ? ["second", 1] : seconds < 5400 ? ["minute", 60] : ["hour", 3600];
  const format = { style: "unit", unit: unit[0], unitDisplay: "short", maximumFractionDigits: 1 };
  return new Intl.NumberFormat(language, format).format(seconds / unit[1]);
}

/** The country of a two-letter code; what is no code stays as it is. */
export function formatCountry(code) {
  return /^[A-Z]{2}$/.test(code) ? regions.of(code) : code;
}

/** `add_to_cart` as "Add to cart". */
export function formatWords(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
