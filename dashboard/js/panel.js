/** A card of the page: what it asks, what it shows of the answer, and what while there is none. */

import { element, figureTable } from "./elements.js";
import { formatDate, formatMoment, formatNumber, formatWords } from "./format.js";
import { isHourly, timesOf } from "./period.js";
import { bars, split, steps } from "./views.js";

let count = 0;

export class Panel {
  /** @param {Record<string, any>} definition an entry of a room's `panels` */
  constructor(definition) {
    this.definition = definition;
    const id = `panel-${(count += 1)}`;
    this.view = element("div", { class: "view", id });
    this.toggle = element("button", { type: "button", hidden: true, "aria-pressed": "false", "aria-controls": id }, "Table");
    this.toggle.setAttribute("aria-label", `${definition.title} as a table`);
    this.toggle.addEventListener("click", () => this.#switch());
    const heading = element("h2", { id: `${id}-title` }, definition.title);
    const hint = element("p", { class: "muted" }, definition.hint);
    this.card = element("section",
      { class: `card ${definition.size ?? ""}`, "aria-labelledby": heading.id, "data-panel": definition.query },
      element("header", {}, element("div", {}, heading, hint), this.toggle), this.view);
    this.asTable = false;
    this.chart = null;
    this.shown = null;
  }

  wait() {
    if (this.shown === null) this.#show("loading", element("div", { class: "skeleton" }));
  }

  /** Draw an answer. */
  async draw(period, rows) {
    this.shown = { period, rows };
    const { kind } = this.definition;
    if (rows.length === 0) return this.#state("empty", "∅", this.definition.empty);
    if (kind === "time" || kind === "columns") return this.#drawChart(period, rows);
    return this.#show("ready", this.#html(rows));
  }

  /** @param {Error} error an AnswerError says whether there is only nothing yet */
  fail(error, retry) {
    this.shown = null;
    const button = element("button", { type: "button" }, error.isEarly ? "Look again" : "Try again");
    button.addEventListener("click", retry);
    this.#state(error.isEarly ? "empty" : "error", error.isEarly ? "∅" : "!", error.message, button);
  }

  /** The same figures in the colours of another theme. */
  redraw() {
    if (this.chart !== null && this.shown !== null) this.draw(this.shown.period, this.shown.rows);
  }

  #html(rows) {
    const { kind, title, columns, parts } = this.definition;
    if (kind === "bars") return bars(title, columns, rows);
    return kind === "split" ? split(rows.map(parts)) : steps(rows.map(parts));
  }

  async #drawChart(period, rows) {
    const charts = await import("./charts.js");
    if (this.shown?.rows !== rows) return; // something newer was asked for meanwhile
    const overTime = this.definition.kind === "time";
    const { labels, series, option } = overTime
      ? this.#overTime(charts, period, rows)
      : this.#byCategory(charts, rows);
    const table = figureTable(this.definition.title,
      [{ title: overTime ? "Time (UTC)" : this.definition.axis }, ...series.map(({ label }) => ({ title: label, number: true }))],
      labels.map((label, i) => [label, ...series.map(({ values }) => formatNumber(values[i]))]));
    this.toggle.hidden = false;
    if (this.asTable) {
      this.#show("ready", element("div", { class: "table", tabindex: "0", role: "group", "aria-label": this.definition.title }, table));
      return;
    }
    if (this.chart === null) {
      this.place = element("div", { class: "chart", role: "img" });
      this.#show("ready", this.place);
      this.chart = new charts.Chart(this.place);
    }
    this.place.setAttribute("aria-label", `${this.definition.title}: ${summary(labels, series)}`);
    this.chart.update(option);
  }

  #overTime(charts, period, rows) {
    const times = timesOf(period);
    const series = seriesOverTime(this.definition, times, rows);
    const labels = times.map(isHourly(period) ? formatMoment : formatDate);
    return { labels, series, option: charts.overTime(period, times, series, this.definition.by !== undefined) };
  }

  #byCategory(charts, rows) {
    const { label, columns } = this.definition;
    const labels = rows.map((row) => row[label]);
    const series = columns.map(({ title, key }) => ({ label: title, values: rows.map((row) => row[key]) }));
    return { labels, series, option: charts.byCategory(labels, series) };
  }

  #switch() {
    this.asTable = !this.asTable;
    this.toggle.setAttribute("aria-pressed", String(this.asTable));
    this.#close();
    this.draw(this.shown.period, this.shown.rows);
  }

  #state(state, mark, message, ...more) {
    const sign = element("span", { class: "mark", "aria-hidden": "true" }, mark);
    this.toggle.hidden = true;
    this.#show(state, element("div", { class: `state ${state}` }, sign, element("p", {}, message), ...more));
  }

  #show(state, ...content) {
    this.#close();
    this.card.dataset.state = state;
    this.card.setAttribute("aria-busy", String(state === "loading"));
    this.view.replaceChildren(...content);
  }

  #close() {
    this.chart?.close();
    this.chart = null;
  }
}

/**
 * One series a column, or one a value of the column `by`, those of `order` first; an hour or day without a row
 * has nothing.
 */
function seriesOverTime({ columns, by, order = [] }, times, rows) {
  const places = new Map(times.map((time, index) => [time, index]));
  const found = new Map();
  const add = (name, row, value) => {
    const index = places.get(Date.parse(row.time));
    if (!found.has(name)) found.set(name, times.map(() => 0));
    if (index !== undefined) found.get(name)[index] += value;
  };
  for (const row of rows) {
    if (by === undefined) columns.forEach(({ title, key }) => add(title, row, row[key]));
    else add(row[by], row, row[columns[0].key]);
  }
  const rank = (name) => (order.includes(name) ? order.indexOf(name) : order.length);
  const sorted = [...found].sort(([one], [other]) => rank(one) - rank(other));
  return sorted.map(([name, values]) => ({ label: formatWords(name), values }));
}

/** What a chart says, for who does not see it. */
function summary(labels, series) {
  return series.map(({ label, values }) => {
    const most = Math.max(...values);
    const all = values.reduce((sum, value) => sum + value, 0);
    return `${label}: ${formatNumber(all)} in all, most (${formatNumber(most)}) at ${labels[values.indexOf(most)]}`;
  }).join("; ");
}
