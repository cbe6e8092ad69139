// @ts-check
/** The newest events or messages of a connection: few enough for a page, however many come. */

/** The panel keeps no more rows than this. */
export const MOST_ROWS = 300;
/** Characters of all of them. */
export const MOST_CHARACTERS = 2_000_000;
/** Characters of one that are kept; a message of a script has at most as many bytes. */
export const LONGEST_DATA = 65_536;
const LONGEST_NAME = 200;

/**
 * @typedef {{ number: number, at: number, label: string, id: string, text: string, length: number,
 *   isSent: boolean }} Row
 *   at: milliseconds since 1970; label: type of the event, or direction of the message; text: what
 *   is kept of it; length: characters that it had; isSent: whether the panel sent it
 */

/** The newest rows. */
export class KeptRows {
  /** How many came, also those that are gone. */
  total = 0;
  #characters = 0;
  /** The oldest first. @type {Row[]} */
  #kept = [];
  /** @type {readonly Row[] | null} */
  #shown = null;

  /** The newest first; the same list until another row comes. @returns {readonly Row[]} */
  get rows() {
    return (this.#shown ??= this.#kept.toReversed());
  }

  /** Rows that are gone. */
  get gone() {
    return this.total - this.#kept.length;
  }

  /** @param {{ label: string, text: string, id?: string, isSent?: boolean }} row @param {number} [at] */
  add({ label, text, id = "", isSent = false }, at = Date.now()) {
    this.total += 1;
    const row = {
      number: this.total,
      at,
      label: beginning(label, LONGEST_NAME),
      id: beginning(id, LONGEST_NAME),
      text: beginning(text, LONGEST_DATA),
      length: text.length,
      isSent,
    };
    this.#kept.push(row);
    this.#shown = null;
    this.#characters += row.text.length;
    while (this.#kept.length > MOST_ROWS || this.#characters > MOST_CHARACTERS)
      this.#characters -= this.#kept.shift()?.text.length ?? 0;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The beginning of a text, as a text of its own: a part of a string keeps the whole in memory.
 * @param {string} text @param {number} most
 */
function beginning(text, most) {
  if (text.length <= most) return text;
  // Half of a pair becomes U+FFFD.
  return decoder.decode(encoder.encode(text.slice(0, most)));
}
