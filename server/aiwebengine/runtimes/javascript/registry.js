// What a program of the dialect "classic" registers in init().

import { suggestion } from "./names.js";
import { SafeMap, exec, toUpperCase } from "./safe.js";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
// RESERVED of scripts/routes.py: refused here too, so that the error has the place of the call.
const RESERVED = [
  "/engine",
  "/auth",
  "/graphql",
  "/scripts-graphql",
  "/api/engine",
  "/editor",
  "/health",
  "/metrics",
  "/static",
  "/assets",
  "/mcp",
  "/scripts",
  "/.well-known",
  "/.aiwebengine",
  "/favicon.ico",
  "/robots.txt",
];
const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const DECLARED = /\b(?:function\s*\*?|const|let|var)\s+([\w$]+)/g;

/** Registrations and the functions they name. */
export class Registry {
  registrations = [];
  warnings = [];
  #functions = new SafeMap();
  #lookup = () => undefined;
  #declared = [];
  #positions;
  #isOpen = false;

  constructor(positions) {
    this.#positions = positions;
  }

  /** Runs *init*; only meanwhile registrations count. */
  async during(init, { lookup, text }) {
    this.#lookup = lookup;
    this.#declared = Array.from(text.matchAll(DECLARED), (match) => match[1]);
    this.#isOpen = true;
    await init();
    this.#isOpen = false;
  }

  /** Whether init() runs: at other times nothing can be registered. */
  get isOpen() {
    return this.#isOpen;
  }

  /** Adds a registration, and returns the sentence that the classic interface returns. */
  add(kind, name, entry, handler) {
    const what = `${kind} ${name}`;
    if (!this.#isOpen) {
      this.#warn(`${what} is not registered: only init() registers`);
      return `${what} not registered: only init() registers`;
    }
    const handled = handler === undefined ? {} : { handler: this.nameOf(handler, what) };
    this.registrations.push({ kind, ...entry, ...handled });
    return `${what} registered`;
  }

  /** The function with this name; undefined without one. */
  find(name) {
    const known = this.#functions.get(name);
    if (known !== undefined) return known;
    const found = exec(NAME, name) === null ? undefined : this.#lookup(name);
    if (typeof found !== "function") return undefined;
    this.#functions.set(name, found);
    return found;
  }

  /** The name by which `find` finds *handler*, a name or a function; warns if it doesn't. */
  nameOf(handler, what) {
    if (typeof handler !== "function") {
      const name = String(handler);
      if (this.find(name) === undefined) {
        const close = suggestion(name, this.#declared);
        this.#warn(`${what} names the handler "${name}", which is not a function${close}`);
      }
      return name;
    }
    const name =
      this.#functions.has(handler.name) || handler.name === "" ? "handler" : handler.name;
    let unique = name;
    for (let count = 2; this.#functions.has(unique); count++) unique = `${name} ${count}`;
    this.#functions.set(unique, handler);
    return unique;
  }

  #warn(message) {
    this.warnings.push({ message, ...this.#positions.find(new Error().stack) });
  }
}

/** Throws for a path or a method that can't be served. */
export function checkRoute(path, method) {
  if (typeof path !== "string" || path[0] !== "/") {
    throw new TypeError(`the path ${JSON.stringify(path)} must begin with "/"`);
  }
  const reserved = RESERVED.find((prefix) => path === prefix || path.startsWith(`${prefix}/`));
  if (reserved !== undefined) throw new Error(`the path "${path}" is reserved: ${reserved}`);
  if (!METHODS.includes(toUpperCase(String(method)))) {
    throw new TypeError(`the method "${method}" is unknown; use ${METHODS.join(", ")}`);
  }
}
