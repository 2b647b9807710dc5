/** Questions to the query function, each asked once for a period. */

const UNAUTHORIZED = 401;

/** An answer that is no answer: a sentence for the viewer. */
export class AnswerError extends Error {
  /** @param {boolean} isEarly nothing is wrong, there is no data yet */
  constructor(message, isEarly = false) {
    super(message);
    this.isEarly = isEarly;
  }
}

export class Answers {
  /** @param {import("./sign_in.js").SignIn} signIn */
  constructor(signIn, period, signal) {
    this.signIn = signIn;
    this.period = period;
    this.signal = signal;
    this.asked = new Map();
    /** When the oldest of the answers was asked for. */
    this.askedAt = Infinity;
  }

  /** Whether figures of that period are figures of this one, only older. */
  isOf(period) {
    return period?.start === this.period.start && period?.end === this.period.end;
  }

  /** @returns {Promise<{rows: Record<string, any>[]}>} the rows as objects by column */
  get(name) {
    if (!this.asked.has(name)) this.asked.set(name, this.#ask(name));
    return this.asked.get(name);
  }

  async #ask(name) {
    const { start, end } = this.period;
    const address = `queries/${name}?start=${start}&end=${end}`;
    let response = await this.#fetch(address);
    if (response.status === UNAUTHORIZED) {
      this.signIn.expire();
      response = await this.#fetch(address);
    }
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) {
      const message = answer.message ?? `The answer was ${response.status}`;
      throw new AnswerError(message, answer.code === "NO_TABLE_YET");
    }
    const rows = answer.rows.map((row) => Object.fromEntries(answer.columns.map((name, i) => [name, row[i]])));
    this.askedAt = Math.min(this.askedAt, Date.parse(answer.askedAt));
    return { rows };
  }

  async #fetch(address) {
    const headers = { Authorization: await this.signIn.token() };
    try {
      return await fetch(address, { headers, signal: this.signal, cache: "no-store" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new AnswerError("The server cannot be reached.");
    }
  }
}
