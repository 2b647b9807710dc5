/** The figures on top: each is shown as soon as what it is made of has come. */

import { element } from "./elements.js";
import { NOTHING } from "./format.js";

export class Tiles {
  /** @param {{label: string, queries: string[], format: (n: number) => string, read: Function}[]} definitions */
  constructor(definitions) {
    this.tiles = definitions.map((definition) => ({ definition, place: element("div", { class: "tile" }) }));
    for (const { definition, place } of this.tiles) fill(place, definition.label, element("div", { class: "skeleton" }));
    this.list = element("dl", { class: "tiles" }, ...this.tiles.map(({ place }) => place));
  }

  /** Rejects with the first failure; a tile that has a figure of the same period keeps it. */
  draw(answers) {
    return Promise.all(this.tiles.map((tile) => drawTile(tile, answers)));
  }
}

async function drawTile(tile, answers) {
  const { label, queries, format, read } = tile.definition;
  try {
    const found = await Promise.all(queries.map((query) => answers.get(query)));
    if (answers.signal.aborted) return;
    const { value, note, warn = false } = read(...found.map(({ rows }) => rows));
    fill(tile.place, label, format(value), value, note?.startsWith(NOTHING) ? "" : note);
    tile.place.classList.toggle("warn", warn);
    tile.period = answers.period;
  } catch (error) {
    if (!answers.signal.aborted && !answers.isOf(tile.period)) fill(tile.place, label, NOTHING, null, "not available");
    throw error;
  }
}

function fill(place, label, figure, value = null, note = "") {
  place.replaceChildren(
    element("dt", {}, label),
    element("dd", { "data-value": value }, figure),
    ...(note ? [element("dd", { class: "note" }, note)] : []));
}
