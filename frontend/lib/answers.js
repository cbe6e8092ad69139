// @ts-check
/** The order of answers to requests for the same thing, which may overtake one another. */

/** @template Data */
export class Answers {
  /** Requests that were sent. */
  #asked = 0;
  /** The request whose answer is shown. */
  #taken = 0;
  /** What was changed while a request was under way. @type {{ after: number, how: (data: Data) => Data }[]} */
  #changes = [];

  /** Returns the number of a request that is sent now. */
  ask() {
    this.#asked += 1;
    return this.#asked;
  }

  /** Whether no request was sent after this one. @param {number} request */
  isNewest(request) {
    return request === this.#asked;
  }

  /**
   * Returns whether the answer is shown: unless a later one is already. Who waits for the newest
   * would wait for ever, where requests are sent faster than they are answered.
   * @param {number} request
   */
  takes(request) {
    if (request <= this.#taken) return false;
    this.#taken = request;
    return true;
  }

  /** Remembers a change of what is shown. @param {(data: Data) => Data} how */
  change(how) {
    if (this.#taken < this.#asked) this.#changes.push({ after: this.#asked, how });
  }

  /**
   * The answer with what was changed since its request was sent: it may not know of that yet.
   * @param {number} request @param {Data} answer
   */
  changed(request, answer) {
    this.#changes = this.#changes.filter(({ after }) => after >= request);
    const changed = this.#changes.reduce((data, { how }) => how(data), answer);
    if (this.isNewest(request)) this.#changes = [];
    return changed;
  }
}
