// @ts-check
/** A WebSocket to a script, which the browser opens with its cookies. */
import { count, size } from "../../../lib/format.js";
import { isWaiting } from "../../../lib/state.js";
import { wordsOf } from "./close-codes.js";
import { Connection } from "./connection.js";
import { addressOf } from "./followed-request.js";

/** A connection that is not stopped ends here. */
const MOST_BYTES = 100_000_000;
/** Bytes of a binary message that are shown. */
const MOST_SHOWN_BYTES = 64;

export class FollowedSocket extends Connection {
  /** Code and reason of the end, once the other side closed it. @type {{ code: number, reason: string } | null} */
  closed = null;
  protocol = "";
  #bytes = 0;
  /** @type {WebSocket | null} */
  #socket = null;

  /** @param {string} path @param {readonly string[]} protocols @param {() => void} changed */
  constructor(path, protocols, changed) {
    super(`WebSocket ${path}`, changed);
    try {
      this.#open(path, protocols);
    } catch (thrown) {
      this.finish("failed", thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  /** Sends a text. @param {string} text @returns {boolean} whether it was open */
  send(text) {
    if (this.state !== "open" || !this.#socket) return false;
    this.#socket.send(text);
    this.rows.add({ label: "sent", text, isSent: true });
    this.changed();
    return true;
  }

  release() {
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    // What still comes is for nobody.
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }

  /** @param {string} path @param {readonly string[]} protocols */
  #open(path, protocols) {
    if (isWaiting()) throw new Error("You have been signed out.");
    const url = addressOf(path);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, [...protocols]);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.state = "open";
      this.protocol = socket.protocol;
      this.changed();
    };
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = ({ code, reason }) => {
      const wasOpen = this.state === "open";
      this.closed = { code, reason };
      this.finish(wasOpen && code !== 1006 ? "ended" : "failed", `${code}: ${wordsOf(code)}.`);
    };
  }

  /** @param {string | ArrayBuffer} data */
  #received(data) {
    const text = typeof data === "string" ? data : hex(new Uint8Array(data));
    this.#bytes += typeof data === "string" ? data.length : data.byteLength;
    this.rows.add({ label: "received", text });
    this.changed();
    if (this.#bytes > MOST_BYTES) this.stop(`Reading stopped after ${size(MOST_BYTES)}.`);
  }
}

/** @param {Uint8Array} bytes */
function hex(bytes) {
  const shown = [...bytes.subarray(0, MOST_SHOWN_BYTES)];
  const digits = shown.map((one) => one.toString(16).padStart(2, "0")).join(" ");
  return `${count(bytes.length, "byte")}: ${digits}${bytes.length > MOST_SHOWN_BYTES ? " …" : ""}`;
}
