// @ts-check
/** Who wants to know of events, at once or soon. */

/** While somebody types, listeners are called no more often than this. */
const SOON_MS = 150;

/** @template {string} Event */
export class Listeners {
  /** @type {Set<(event: Event) => void>} */
  #all = new Set();
  /** @type {Set<Event>} */
  #waiting = new Set();

  /**
   * @param {(event: Event) => void} listener
   * @returns {() => void} removes it
   */
  add(listener) {
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  }

  /** @param {Event} event */
  tell(event) {
    for (const listener of [...this.#all]) listener(event);
  }

  /** Calls them after a while, and once, however often this is called. @param {Event} event */
  tellSoon(event) {
    if (this.#waiting.size === 0) setTimeout(() => this.#tellWaiting(), SOON_MS);
    this.#waiting.add(event);
  }

  #tellWaiting() {
    const events = [...this.#waiting];
    this.#waiting.clear();
    events.forEach((event) => this.tell(event));
  }
}
