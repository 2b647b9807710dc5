/** Views that are plain HTML: tables with bars, a split bar, the steps of a funnel. */

import { element, figureTable, sized } from "./elements.js";
import { formatNumber, formatShare } from "./format.js";

const COLOURS = 6;
export const colourClass = (index) => `c${(index % COLOURS) + 1}`;

/**
 * A table whose headings have a bar as long as their first figure.
 * @param {{title: string, key: string, format?: (value: any) => string}[]} columns the heading first
 */
export function bars(title, columns, rows) {
  const [heading, measure] = columns;
  const most = Math.max(...rows.map((row) => row[measure.key]));
  const cells = rows.map((row) => [
    withBar(heading.format ? heading.format(row[heading.key]) : row[heading.key], row[measure.key] / most),
    ...columns.slice(1).map(({ key, format }) =>
      element("span", { "data-value": row[key] }, (format ?? formatNumber)(row[key], row))),
  ]);
  const heads = columns.map((column, index) => ({ title: column.title, number: index > 0 }));
  return figureTable(title, heads, cells, "bars");
}

function withBar(text, share) {
  const fragment = document.createDocumentFragment();
  fragment.append(sized(element("div", { class: "bar" }), share), element("span", {}, text));
  return fragment;
}

/** Parts of a whole: one bar, and a list that says the same in words. */
export function split(parts) {
  const all = parts.reduce((sum, part) => sum + part.value, 0);
  const bar = parts.map((part, index) => sized(element("div", { class: colourClass(index) }), part.value / all));
  const lines = parts.map(({ label, value, note }, index) =>
    element("li", {},
      element("span", { class: `swatch ${colourClass(index)}` }),
      element("span", {}, label, ...(note ? [element("span", { class: "muted" }, ` ${note}`)] : [])),
      element("span", { class: "amount" },
        element("span", { "data-value": value }, formatNumber(value)), ` · ${formatShare(value, all)}`)));
  return element("div", {},
    element("div", { class: "split", "aria-hidden": "true" }, ...bar),
    element("ul", { class: "legend" }, ...lines));
}

/** How many are left at each step, and which part of the step before that is. */
export function steps(list) {
  const first = list[0].value;
  const lines = list.map(({ label, value }, index) => {
    const before = index === 0 ? "" : ` · ${formatShare(value, list[index - 1].value)} of the step before`;
    return element("li", {},
      element("div", { class: "line" },
        element("span", {}, label),
        element("span", {},
          element("strong", { "data-value": value }, formatNumber(value)),
          element("span", { class: "muted" }, before))),
      element("div", { class: "track", "aria-hidden": "true" }, sized(element("div", { class: "fill" }), value / first)));
  });
  return element("ol", { class: "steps" }, ...lines);
}
