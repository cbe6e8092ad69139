// @ts-check
/** A request that the browser itself sends, whose answer is read as it comes. */
import { duration, size } from "../../../lib/format.js";
import { isWaiting } from "../../../lib/state.js";
import { Connection } from "./connection.js";
import { EventStreamParser, EventTooLarge, LARGEST_EVENT } from "./event-stream.js";

/** @typedef {import("../requests.js").Request} Request */

/** The engine answers a request with it by this script or not at all: `script_routes/only.py`. */
const ONLY_SCRIPT = "X-Aiwebengine-Script";
export const EVENT_STREAM = "text/event-stream";
/** An event stream that is not stopped ends here. */
const MOST_BYTES = 100_000_000;
/** Another answer ends where that of a run does. */
const MOST_TEXT_BYTES = 1e6;
const MOST_TEXT_SECS = 25;
/** So long a part may be worked on before the page may do something else. */
const TURN_MS = 12;

export class FollowedRequest extends Connection {
  /** @type {Response | null} */
  response = null;
  /** Headers that the browser did not send. @type {string[]} */
  left = [];
  isEvents = false;
  events = new EventStreamParser();
  /** The answer, if it is no event stream. */
  text = "";
  bytes = 0;
  #controller = new AbortController();
  #timer = 0;

  /** @param {Request} request @param {string} slug @param {() => void} changed */
  constructor(request, slug, changed) {
    super(`${request.method} ${request.path}`, changed);
    this.request = request;
    void this.#run(request, slug);
  }

  /** ID of the request in the log; empty until it is answered. */
  get requestId() {
    return this.response?.headers.get("x-request-id") ?? "";
  }

  release() {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }

  /** @param {Request} request @param {string} slug */
  async #run(request, slug) {
    try {
      const sent = this.#sent(request, slug);
      const response = await fetch(sent);
      if (this.isOver) return;
      if (response.type === "opaqueredirect") {
        this.finish("ended", "The answer is a redirect, which is not followed here.");
        return;
      }
      this.response = response;
      this.state = "open";
      this.isEvents = essenceOf(response) === EVENT_STREAM;
      this.changed();
      if (response.body) await this.#read(response.body);
      this.finish("ended", "");
    } catch (thrown) {
      this.finish("failed", this.#reason(thrown));
    }
  }

  /** The request as the browser sends it. @param {Request} request @param {string} slug @throws {Error} in words */
  #sent({ method, path, headers, body, asViewer }, slug) {
    if (asViewer && isWaiting()) throw new Refused("You have been signed out.");
    const given = new Headers(headers.map(({ name, value }) => [name, value]));
    given.set(ONLY_SCRIPT, slug);
    const sent = new Request(addressOf(path), {
      method,
      headers: given,
      body: body || null,
      credentials: asViewer ? "same-origin" : "omit",
      mode: "same-origin",
      cache: "no-store",
      redirect: "manual",
      referrerPolicy: "no-referrer",
      signal: this.#controller.signal,
    });
    this.left = headers.map(({ name }) => name).filter((name) => !sent.headers.has(name));
    return sent;
  }

  /** @param {ReadableStream<Uint8Array>} body */
  async #read(body) {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    if (!this.isEvents) this.#timer = setTimeout(() => this.#isLong(), 1_000 * MOST_TEXT_SECS);
    let begun = performance.now();
    while (!this.isOver) {
      const { done, value } = await reader.read();
      if (this.isOver) return;
      if (done) break;
      this.bytes += value.length;
      if (this.isEvents) this.#takeEvents(value);
      else this.text += decoder.decode(value, { stream: true });
      this.changed();
      const most = this.isEvents ? MOST_BYTES : MOST_TEXT_BYTES;
      if (this.bytes > most) this.stop(`Reading stopped after ${size(most)}.`);
      if (performance.now() - begun > TURN_MS) {
        await new Promise((resolve) => setTimeout(resolve));
        begun = performance.now();
      }
    }
  }

  #isLong() {
    this.stop(`Reading stopped after ${duration(MOST_TEXT_SECS)}: the answer continues.`);
  }

  /** @param {Uint8Array} bytes */
  #takeEvents(bytes) {
    for (const { id, event, data } of this.events.push(bytes))
      this.rows.add({ label: event, id, text: data });
  }

  /** @param {unknown} thrown */
  #reason(thrown) {
    if (thrown instanceof Refused) return thrown.message;
    if (thrown instanceof EventTooLarge)
      return `An event has more than ${size(LARGEST_EVENT)}. Reading stopped.`;
    if (this.response) return "The connection was lost.";
    // Of a header or a method that browsers do not allow; or the network's.
    const said = thrown instanceof Error ? thrown.message : String(thrown);
    return `The browser could not send the request: ${said}`;
  }
}

class Refused extends Error {}

/** The address of a path on this host. @param {string} path @throws {Refused} */
export function addressOf(path) {
  const url = new URL(path, location.origin);
  if (url.origin !== location.origin || url.hash || url.username)
    throw new Refused("The path is no path of this host. Write one such as /hello?name=Ada.");
  return url;
}

/** The type of a response, without its parameters. @param {Response} response */
export const essenceOf = ({ headers }) =>
  (headers.get("content-type") ?? "").split(";")[0].trim().toLowerCase();
