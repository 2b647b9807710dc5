/** DOM elements without markup in texts: what comes from the data is never read as HTML. */

/**
 * @param {string} tag e.g. "p"
 * @param {Record<string, string | number | boolean | null | undefined>} attributes `class`, `data-...`, `aria-...`;
 *   what is null, undefined or false is left out
 * @param {...(Node | string)} children
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
}

/** A part of its container, wide or high as the share (0 to 1) says. */
export function sized(made, share) {
  made.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return made;
}

/**
 * A table of figures.
 * @param {string} caption for screen readers
 * @param {{title: string, number: boolean}[]} columns
 * @param {(Node | string)[][]} rows the first cell of each is its heading
 */
export function figureTable(caption, columns, rows, kind = "") {
  const heads = columns.map(({ title, number }) =>
    element("th", { scope: "col", class: number ? "number" : null }, title));
  const lines = rows.map(([first, ...rest]) =>
    element("tr", {}, element("th", { scope: "row" }, first), ...rest.map((cell) => element("td", {}, cell))));
  return element("table", { class: kind || null },
    element("caption", { class: "unseen" }, caption),
    element("thead", {}, element("tr", {}, ...heads)),
    element("tbody", {}, ...lines));
}
