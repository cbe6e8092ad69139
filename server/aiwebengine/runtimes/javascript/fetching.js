// Requests to other servers: `fetch` of both forms. The host sends them, the process can't.

import { MARK } from "./secrets.js";
import {
  decode,
  defineProperty,
  encode,
  isArray,
  parse,
  stringify,
  then,
  uncurryThis,
} from "./safe.js";

// Author code can replace the globals.
const { Error, Promise, Request, Response, String, TypeError, URL } = globalThis;

const forEachHeader = uncurryThis(Headers.prototype.forEach);
const bytesOf = uncurryThis(Request.prototype.bytes);
const cloneOf = uncurryThis(Response.prototype.clone);
const addListener = uncurryThis(EventTarget.prototype.addEventListener);
const removeListener = uncurryThis(EventTarget.prototype.removeEventListener);
const { keys } = Object;
// In the classic form, what a body names is sent; in the module form only what has the mark.
const NO_MARK = "";
const EMPTY_STATUS = [204, 205, 304];

let last = 0;

/** The globals of the module form. */
export function moduleGlobals(host) {
  /** As the web has it, with `timeout` in milliseconds besides. */
  async function fetch(input, init) {
    // Of the author's line: what follows is asynchronous.
    const trace = new Error("");
    const request = new Request(input, init);
    const { signal } = request;
    signal.throwIfAborted();
    const hasBody = request.body !== null;
    const body = hasBody ? await untilAborted(signal, bytesOf(request), nothing) : undefined;
    const number = ++last;
    const args = [
      number,
      request.url,
      request.method,
      pairsOf(request.headers),
      request.redirect,
      MARK,
      init?.timeout ?? null,
    ];
    const cancel = () => then(host.ask("fetch.cancel", [number]), nothing, nothing);
    try {
      const reply = await untilAborted(signal, host.ask("fetch", args, body), cancel);
      return responseOf(reply.value, reply.body);
    } catch (error) {
      throw error?.code === undefined || signal.aborted ? error : networkError(error, trace);
    }
  }
  return { fetch };
}

/** The globals of the classic form. */
export function classic(host) {
  /** Returns `{status, ok, body, headers}` as JSON. Options may be an object or its JSON. */
  function fetch(url, options = {}) {
    const {
      method = "GET",
      headers = {},
      body,
      timeout,
      redirect = "follow",
    } = typeof options === "string" ? parse(options) : (options ?? {});
    const sent = body === undefined || body === null ? undefined : encode(textOf(body));
    const pairs = [];
    for (const name of keys(headers)) pairs[pairs.length] = [name, String(headers[name])];
    const address = new URL(String(url)).href;
    const args = [0, address, String(method), pairs, redirect, NO_MARK, timeout ?? null];
    const reply = host.askNow("fetch", args, sent);
    const { status, headers: received } = reply.value;
    const ok = status >= 200 && status < 300;
    return stringify({ status, ok, body: decode(reply.body), headers: objectOf(received) });
  }
  return { fetch };
}

/** What *promise* resolves to; rejects, and calls *cancel*, when the signal is aborted before. */
function untilAborted(signal, promise, cancel) {
  return new Promise((resolve, reject) => {
    const abort = () => {
      cancel();
      reject(signal.reason);
    };
    const settled = (settle) => (value) => {
      removeListener(signal, "abort", abort);
      settle(value);
    };
    addListener(signal, "abort", abort);
    then(promise, settled(resolve), settled(reject));
  });
}

function nothing() {}

function pairsOf(headers) {
  const pairs = [];
  forEachHeader(headers, (value, name) => {
    pairs[pairs.length] = [name, value];
  });
  return pairs;
}

function objectOf(pairs) {
  const found = {};
  for (let at = 0; at < pairs.length; at++) {
    const name = pairs[at][0].toLowerCase();
    const known = found[name];
    found[name] = known === undefined ? pairs[at][1] : `${known}, ${pairs[at][1]}`;
  }
  return found;
}

function responseOf({ url, status, statusText, headers, redirected }, body) {
  const isEmpty = EMPTY_STATUS.includes(status);
  const response = new Response(isEmpty ? null : body, { status, statusText, headers });
  return withPlace(response, url, redirected);
}

/** Deno sets these for its own fetch only. */
function withPlace(response, url, redirected) {
  const set = (name, value) => defineProperty(response, name, { value, configurable: true });
  set("url", url);
  set("redirected", redirected);
  set("clone", () => withPlace(cloneOf(response), url, redirected));
  return response;
}

/** A TypeError, as the web has it for everything that is not an answer. */
function networkError({ code, message, extensions }, trace) {
  const error = new TypeError(message);
  error.code = code;
  error.extensions = extensions;
  const stack = String(trace.stack);
  const at = stack.indexOf("\n");
  const frames = at < 0 ? "" : stack.slice(at);
  defineProperty(error, "stack", {
    value: `TypeError: ${message}${frames}`,
    writable: true,
    configurable: true,
  });
  return error;
}

function textOf(body) {
  return typeof body === "object" || isArray(body) ? stringify(body) : String(body);
}
