// @ts-check
/** Server-sent events, parsed as they come (HTML standard, section 9.2.6). */

/**
 * @typedef {{ id: string, event: string, data: string }} StreamEvent
 *   id: the last event ID, which an event without one takes over
 */

/** Characters of one event. A stream that never ends a line would fill the memory. */
export const LARGEST_EVENT = 1_000_000;

/** An event has too many characters. */
export class EventTooLarge extends Error {}

const LINE_END = /\r\n|\r|\n/g;

/** The events of one stream. */
export class EventStreamParser {
  /** Last event ID, as a client sends it when it reconnects. */
  lastEventId = "";
  /** Milliseconds that the stream asks clients to wait before they reconnect. @type {number | null} */
  retry = null;
  /** Comments that came; streams send them so that proxies do not close the connection. */
  comments = 0;

  // It drops one byte order mark, and puts U+FFFD for what is no UTF-8.
  #decoder = new TextDecoder();
  #line = "";
  /** Whether the last chunk ended with a carriage return: a line feed that follows belongs to it. */
  #isAfterReturn = false;
  #id = "";
  #event = "";
  /** @type {string[]} */
  #data = [];
  #size = 0;

  /**
   * The events that this part of the body completes.
   * @param {Uint8Array} bytes
   * @returns {StreamEvent[]}
   * @throws {EventTooLarge}
   */
  push(bytes) {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (!text) return [];
    if (this.#isAfterReturn && text[0] === "\n") text = text.slice(1);
    this.#isAfterReturn = text ? text.endsWith("\r") : false;
    /** @type {StreamEvent[]} */
    const found = [];
    let from = 0;
    for (const { 0: end, index } of text.matchAll(LINE_END)) {
      const line = this.#line + text.slice(from, index);
      this.#line = "";
      from = index + end.length;
      const event = this.#take(line);
      if (event) found.push(event);
    }
    this.#line += text.slice(from);
    this.#limit(this.#line.length);
    return found;
  }

  /** @param {string} line @returns {StreamEvent | null} the event that it completes */
  #take(line) {
    if (!line) return this.#completed();
    if (line.startsWith(":")) {
      this.comments += 1;
      return null;
    }
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "data") {
      this.#size += value.length + 1;
      this.#limit(this.#size);
      this.#data.push(value);
    } else if (name === "event") this.#event = value;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) this.retry = Number(value);
    return null;
  }

  /** @returns {StreamEvent | null} null when it has no data */
  #completed() {
    const [event, data] = [this.#event, this.#data];
    [this.#event, this.#data, this.#size] = ["", [], 0];
    this.lastEventId = this.#id;
    if (!data.length) return null;
    return { id: this.lastEventId, event: event || "message", data: data.join("\n") };
  }

  /** @param {number} characters */
  #limit(characters) {
    if (characters > LARGEST_EVENT) throw new EventTooLarge();
  }
}
