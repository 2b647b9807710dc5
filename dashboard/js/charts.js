/** Charts over time and by category, drawn by ECharts in the page's own colours. */

import { init } from "../vendor/echarts-6.1.0.min.js";
import { element } from "./elements.js";
import { formatDay, formatHour, formatMoment, formatDate, formatNumber, formatShort } from "./format.js";
import { isHourly } from "./period.js";
import { colourClass } from "./views.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** @typedef {{label: string, values: number[]}} Series */

/** A chart in an element; `update` draws new figures, or the same ones in other colours. */
export class Chart {
  constructor(place) {
    this.chart = init(place, null, { renderer: "svg" });
    this.resizes = new ResizeObserver(() => this.chart.resize());
    this.resizes.observe(place);
  }

  update(option) {
    this.chart.setOption({ animation: !calm.matches, animationDuration: 300, ...option }, { notMerge: true });
  }

  close() {
    this.resizes.disconnect();
    this.chart.dispose();
  }
}

/** Lines (`stacked` false) or stacked columns over the hours or days of a period. */
export function overTime(period, times, series, stacked) {
  const hourly = isHourly(period);
  const label = hourly ? (times.length <= 24 ? formatHour : formatMoment) : formatDay;
  const title = (index) => (hourly ? `${formatMoment(times[index])} UTC` : formatDate(times[index]));
  return option(times.map((time) => label(time)), series, stacked, (index) => title(index));
}

/** Stacked columns by category. */
export function byCategory(labels, series) {
  const made = option(labels, series, true, (index) => labels[index]);
  made.xAxis.axisLabel.interval = 0;
  return made;
}

function option(labels, series, stacked, title) {
  const colours = palette();
  const few = labels.length <= 2;
  return {
    color: colours.series,
    textStyle: { fontFamily: colours.font },
    grid: { left: 4, right: 8, top: 34, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    legend: {
      left: 0, top: 0, icon: "roundRect", itemWidth: 11, itemHeight: 11, itemGap: 16, inactiveColor: colours.line,
      textStyle: { color: colours.muted, fontSize: 12.5 },
    },
    tooltip: {
      trigger: "axis", confine: true, backgroundColor: colours.card, borderColor: colours.line,
      textStyle: { color: colours.text }, axisPointer: { lineStyle: { color: colours.muted }, shadowStyle: { opacity: 0.12 }, type: stacked ? "shadow" : "line" },
      formatter: (points) => tip(title(points[0].dataIndex), points),
    },
    xAxis: {
      type: "category", data: labels, boundaryGap: stacked || few,
      axisLine: { lineStyle: { color: colours.line } }, axisTick: { show: false },
      axisLabel: { color: colours.muted, hideOverlap: true, fontSize: 11.5, lineHeight: 16 },
    },
    yAxis: {
      type: "value", minInterval: 1, axisLabel: { color: colours.muted, fontSize: 11.5, formatter: formatShort },
      splitLine: { lineStyle: { color: colours.line } },
    },
    series: series.map(({ label, values }, index) => (stacked ? column(label, values) : line(label, values, index, few))),
  };
}

function line(name, data, index, few) {
  return {
    name, data, type: "line", showSymbol: few, symbolSize: 7, lineStyle: { width: 2.2 },
    areaStyle: index === 0 ? { opacity: 0.1 } : undefined, emphasis: { disabled: true },
  };
}

function column(name, data) {
  return { name, data, type: "bar", stack: "all", barMaxWidth: 46, barCategoryGap: "22%", emphasis: { disabled: true } };
}

function tip(title, points) {
  const lines = points.flatMap((point) => [
    element("span", { class: `swatch ${colourClass(point.seriesIndex)}` }),
    element("span", {}, point.seriesName),
    element("span", { class: "amount" }, formatNumber(point.value)),
  ]);
  return element("div", { class: "tip" }, element("strong", {}, title), ...lines);
}

function palette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const series = [1, 2, 3, 4, 5, 6].map((number) => colour(`series-${number}`));
  return { font: getComputedStyle(document.body).fontFamily, series, text: colour("text"), muted: colour("muted"), line: colour("line"), card: colour("card") };
}
