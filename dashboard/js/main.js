/** The page: signs in, asks for the figures of a period, and asks again while it is looked at. */

import { Answers } from "./answers.js";
import { formatClock, formatDate, formatNumber } from "./format.js";
import { Panel } from "./panel.js";
import { presetPeriod, problemOf, readPeriod, writePeriod } from "./period.js";
import { SignIn, SignInError } from "./sign_in.js";
import { Tiles } from "./tiles.js";

/** For the questions of the tiles, which are looked at first. */
const HEAD_START_MS = 400;
const THEMES = ["system", "light", "dark"];
const byId = (id) => document.getElementById(id);
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

class Page {
  constructor(config, room, signIn) {
    this.config = config;
    this.room = room;
    this.signIn = signIn;
    this.tiles = new Tiles(room.tiles);
    this.panels = room.panels.map((definition) => new Panel(definition));
    byId("figures").append(this.tiles.list, ...this.panels.map(({ card }) => card));
  }

  start() {
    this.#listen();
    const { period, problem } = readPeriod(location.search);
    byId("period-problem").textContent = problem;
    return this.show(period);
  }

  /** Show another period; the address says which. */
  async show(period, { push = false } = {}) {
    this.period = period;
    if (push) history.pushState(null, "", writePeriod(period));
    this.#showPeriod();
    byId("subtitle").textContent = daysOf(period);
    await this.load({ announce: push });
  }

  /** Ask for all figures of the period; what is shown stays until there is something newer. */
  async load({ announce = false } = {}) {
    clearTimeout(this.timer);
    this.running?.abort();
    document.documentElement.dataset.state = "loading";
    const running = (this.running = new AbortController());
    if (this.period.preset !== null) this.period = presetPeriod(this.period.preset);
    const answers = new Answers(this.signIn, this.period, running.signal);
    this.panels.forEach((panel) => panel.wait());
    const retry = () => this.load({ announce: true });
    const tiles = this.tiles.draw(answers);
    await Promise.race([tiles.catch(() => {}), new Promise((resume) => setTimeout(resume, HEAD_START_MS))]);
    if (running.signal.aborted) return;
    const drawn = await Promise.allSettled([
      tiles,
      ...this.panels.map((panel) => drawPanel(panel, answers, running, retry)),
    ]);
    if (running.signal.aborted) return;
    this.#report(drawn, answers.askedAt, announce);
    this.#schedule();
  }

  #report(drawn, askedAt, announce) {
    const first = drawn.find(({ status }) => status === "rejected");
    const failed = first && !first.reason.isEarly;
    byId("notice").hidden = !failed;
    byId("notice").textContent = failed ? `Not all figures could be had. ${first.reason.message}` : "";
    const days = daysOf(this.period);
    byId("subtitle").textContent = !failed && Number.isFinite(askedAt) ? `${days} · as of ${formatClock(askedAt)} UTC` : days;
    if (announce) byId("announcement").textContent = first ? "" : `Figures of ${days} are shown.`;
    document.documentElement.dataset.state = first ? "error" : "ready";
  }

  #schedule() {
    clearTimeout(this.timer);
    if (this.auto) this.timer = setTimeout(() => this.#tick(), this.config.refreshSeconds * 1000);
  }

  #tick() {
    if (document.visibilityState === "visible") this.load();
    else this.stale = true;
  }

  #showPeriod() {
    for (const button of byId("period").querySelectorAll("[data-preset]")) {
      button.setAttribute("aria-pressed", String(button.dataset.preset === this.period.preset));
    }
    const { from, to } = byId("period").elements;
    [from.value, to.value] = [this.period.start, this.period.end];
  }

  #listen() {
    const form = byId("period");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const [start, end] = [form.elements.from.value, form.elements.to.value];
      const problem = problemOf(start, end);
      byId("period-problem").textContent = problem;
      if (!problem) this.show({ start, end, preset: null }, { push: true });
    });
    form.addEventListener("click", ({ target }) => {
      if (!target.dataset.preset) return;
      byId("period-problem").textContent = "";
      this.show(presetPeriod(target.dataset.preset), { push: true });
    });
    addEventListener("popstate", () => this.show(readPeriod(location.search).period));
    byId("refresh").addEventListener("click", () => this.load({ announce: true }));
    byId("sign-out").addEventListener("click", () => this.signIn.signOut());
    document.addEventListener("visibilitychange", () => {
      if (this.stale && document.visibilityState === "visible") this.load();
      this.stale = false;
    });
    this.#listenToAuto();
    listenToTheme(() => this.panels.forEach((panel) => panel.redraw()));
  }

  #listenToAuto() {
    const button = byId("auto");
    const set = (on) => {
      this.auto = on;
      button.setAttribute("aria-pressed", String(on));
    };
    set(localStorage.getItem("auto-refresh") !== "off");
    button.title = `Looks for new figures every ${formatNumber(this.config.refreshSeconds)} s`;
    button.hidden = false;
    button.addEventListener("click", () => {
      set(!this.auto);
      localStorage.setItem("auto-refresh", this.auto ? "on" : "off");
      this.#schedule();
    });
  }
}

async function drawPanel(panel, answers, running, retry) {
  const { query, prepare = (rows) => rows } = panel.definition;
  try {
    const { rows } = await answers.get(query);
    if (!running.signal.aborted) await panel.draw(answers.period, prepare(rows));
  } catch (error) {
    if (running.signal.aborted) return;
    // Older figures of the same period say more than none.
    if (!answers.isOf(panel.shown?.period)) panel.fail(error, retry);
    throw error;
  }
}

function daysOf({ start, end }) {
  const [first, last] = [start, end].map((day) => formatDate(Date.parse(day)));
  return first === last ? first : `${first} – ${last}`;
}

function listenToTheme(changed) {
  const button = byId("theme");
  const names = { system: "as the system has them", light: "light", dark: "dark" };
  const apply = (theme) => {
    const dark = theme === "dark" || (theme === "system" && prefersDark.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    button.setAttribute("aria-label", `Colours: ${names[theme]}`);
    button.title = `Colours: ${names[theme]}`;
  };
  let theme = THEMES.includes(localStorage.getItem("theme")) ? localStorage.getItem("theme") : "system";
  apply(theme);
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    localStorage.setItem("theme", theme);
    apply(theme);
    changed();
  });
  prefersDark.addEventListener("change", () => {
    apply(theme);
    changed();
  });
}

async function open() {
  const config = await (await fetch("config.json")).json();
  document.title = config.title;
  byId("title").textContent = config.title;
  const signIn = new SignIn(config);
  const [room] = await Promise.all([import(`../rooms/${config.room}.js`), signIn.start()]);
  await new Page(config, room, signIn).start();
}

open().catch((error) => {
  byId("subtitle").textContent = "";
  byId("notice").hidden = false;
  const what = error instanceof SignInError ? "Signing in failed" : "The page could not be opened";
  byId("notice").textContent = `${what}: ${error.message}`;
  document.documentElement.dataset.state = "error";
});
