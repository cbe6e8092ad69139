// @ts-check
/** What an event stream, an answer that is followed and a WebSocket have in common. */
import { KeptRows } from "./kept-rows.js";

/**
 * @typedef {"connecting" | "open" | "ended" | "stopped" | "failed"} State
 *   ended: by the server; stopped: by the person or the panel; failed: `why` has the reason
 */

let connections = 0;

export class Connection {
  /** Different for each one of this page. */
  number = ++connections;
  /** @type {State} */
  state = "connecting";
  /** Why it is in this state, as a sentence; empty when the state says it all. */
  why = "";
  rows = new KeptRows();

  /** @param {string} label what is connected to, for people @param {() => void} changed */
  constructor(label, changed) {
    this.label = label;
    this.changed = changed;
  }

  get isOver() {
    return this.state !== "connecting" && this.state !== "open";
  }

  /** Releases the connection. */
  release() {}

  /** @param {string} [why] */
  stop(why = "") {
    this.finish("stopped", why);
  }

  /** Changes the state for good; what comes afterwards counts no more. @param {State} state @param {string} why */
  finish(state, why) {
    if (this.isOver) return;
    this.state = state;
    this.why = why;
    this.release();
    this.changed();
  }
}
