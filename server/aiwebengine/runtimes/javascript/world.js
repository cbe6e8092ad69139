// The global scope of author code: web standards, without anything that reaches the outside.

import { Worker as NodeWorker } from "node:worker_threads";

import { defineProperty, freeze } from "./safe.js";

// They would start threads or connections, write to the terminal or keep data on disk. `process` and
// `Buffer` belong to Node, which is no part of the interface.
const REMOVED = [
  "Buffer",
  "BroadcastChannel",
  "Cache",
  "CacheStorage",
  "EventSource",
  "Storage",
  "StorageEvent",
  "WebSocket",
  "WebSocketError",
  "WebSocketStream",
  "WebTransport",
  "Worker",
  "alert",
  "caches",
  "clearImmediate",
  "close",
  "confirm",
  "createImageBitmap",
  "global",
  "localStorage",
  "navigator",
  "process",
  "prompt",
  "sessionStorage",
  "setImmediate",
];

/** Removes what author code must not find, and leaves of Deno its version. */
export function reduceWorld() {
  const { build, version } = Deno;
  for (const name of REMOVED) delete globalThis[name];
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (name.startsWith("GPU")) delete globalThis[name];
  }
  const reduced = freeze({ build: freeze({ ...build }), version: freeze({ ...version }) });
  defineProperty(globalThis, "Deno", { value: reduced, configurable: true });
  preventNodeWorkers();
  pinWhatDenoUses();
  // Positions are read from stacks. A library that sets this property must not fail.
  defineProperty(Error, "prepareStackTrace", { get: () => undefined, set: () => {} });
}

/**
 * Deno has loaded this module of Node before any other, and finds it without the import map when
 * another module imports it. Its constructor begins with that of its parent, which is replaced.
 */
function preventNodeWorkers() {
  class NoWorker {
    constructor() {
      throw new TypeError("Workers are not available");
    }
  }
  Object.setPrototypeOf(NodeWorker, NoWorker);
  freeze(NodeWorker);
}

/**
 * Deno itself uses these when it reads and writes: a changed one would get the runtime's buffers.
 * Own properties of the same name stay possible.
 */
function pinWhatDenoUses() {
  for (const name of ["call", "apply", "bind"]) pin(Function.prototype, name);
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
  for (const name of ["length", "byteLength", "byteOffset", "buffer"]) {
    defineProperty(typedArray, name, { configurable: false });
  }
}

function pin(object, name) {
  const value = object[name];
  defineProperty(object, name, {
    get: () => value,
    set(own) {
      if (this === object) return;
      const writable = { writable: true, enumerable: true, configurable: true };
      defineProperty(this, name, { value: own, ...writable });
    },
    configurable: false,
  });
}

/** Gives author code globals, which it may replace for itself. */
export function provide(globals) {
  for (const name of Object.keys(globals)) {
    const value = globals[name];
    defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
}
