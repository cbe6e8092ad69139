// Response, which remembers a text body, and how one is sent.

import { isPrototypeOf, stringify } from "./safe.js";

const NativeResponse = globalThis.Response;
const NativeHeaders = Headers;
const NativeStream = ReadableStream;
const responseOf = NativeResponse.prototype;
const TEXT = "text/plain;charset=UTF-8";
const JSON_TYPE = "application/json";
const JSON_INIT = { headers: { "content-type": JSON_TYPE } };

/** The Response of author code. */
export class Response extends NativeResponse {
  // A body that can be sent without asking the stream for it.
  #text = null;
  #streams = false;
  // The only header, as long as nobody had the headers in hand.
  #type = null;

  constructor(body, init) {
    super(body, init);
    if (typeof body === "string") this.#text = body;
    else this.#streams = isPrototypeOf(NativeStream.prototype, body);
    if (init === JSON_INIT) this.#type = JSON_TYPE;
    else if (typeof body === "string" && init?.headers === undefined) this.#type = TEXT;
  }

  static json(data, init) {
    const text = stringify(data);
    if (text === undefined) throw new TypeError(`${typeof data} has no JSON form`);
    if (init === undefined) return new Response(text, JSON_INIT);
    const headers = new NativeHeaders(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", JSON_TYPE);
    return new Response(text, { status: init.status, statusText: init.statusText, headers });
  }

  // A clone, and what fetch returns, is made by the runtime: it is a Response as well.
  static [Symbol.hasInstance](value) {
    const { prototype } = this === Response ? NativeResponse : this;
    return isPrototypeOf(prototype, value);
  }

  get headers() {
    this.#type = null;
    return super.headers;
  }

  /** Sends *response* as the answer of *call*. Resolves when the body ended. */
  static async send(call, response) {
    if (response.bodyUsed) throw new TypeError("the Response's body was read already");
    if (!(#text in response)) {
      const { body } = response;
      return body === null
        ? call.answer(headOf(response), "")
        : call.stream(headOf(response), body);
    }
    const text = response.#text;
    if (text !== null) {
      const type = response.#type;
      return call.answer(type === null ? headOf(response) : shortHead(response.status, type), text);
    }
    if (response.#streams) return call.stream(headOf(response), response.body);
    return call.answer(headOf(response), await response.bytes());
  }
}

/** Takes the function that sends a Response away from the class that authors use. */
export const sendResponse = Response.send;
delete Response.send;

/** Whether *value* is a Response, of whichever class. */
export const isResponse = (value) => isPrototypeOf(responseOf, value);

function headOf(response) {
  return stringify({ status: response.status, headers: [...response.headers] });
}

// JSON.stringify of it, without the detour.
const shortHead = (status, type) => `{"status":${status},"headers":[["content-type","${type}"]]}`;
