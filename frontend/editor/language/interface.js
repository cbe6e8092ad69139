// @ts-check
/** The engine's interface for scripts, as its own table has it. */
import { NAMES } from "./interface-names.js";

/**
 * @typedef {{ path: string, signature: string, doc: string, isFunction: boolean }} Name
 * @typedef {"module" | "classic"} Form
 */

const CLASSIC = /\brouteRegistry\s*\.|^\s*(?:async\s+)?function\s+init\s*\(/m;
const MODULE = /^\s*export\s+(?:default\b|(?:const|let|var|async\s+function|function)\b)/m;

/** The form of an entry file, as far as completion needs it; a new one is a module. @param {string} text @returns {Form} */
export const formOf = (text) => (CLASSIC.test(text) && !MODULE.test(text) ? "classic" : "module");

/** Names by their paths, such as `env.kv.get`. */
export class Names {
  /** @type {Map<string, Name>} */
  #all = new Map();
  /** @type {Map<string, Set<string>>} */
  #below = new Map();

  /** @param {readonly Name[]} list */
  constructor(list) {
    for (const name of list) this.#add(name);
  }

  /** @param {Name} name */
  #add(name) {
    this.#all.set(name.path, name);
    const parts = name.path.split(".");
    parts.forEach((part, place) => {
      const parent = parts.slice(0, place).join(".");
      const known = this.#below.get(parent) ?? new Set();
      this.#below.set(parent, known.add(part));
    });
  }

  /** @param {string} path */
  find(path) {
    return this.#all.get(path) ?? null;
  }

  /**
   * The names directly below a path, or all first ones; those that only have others below them have
   * no entry of their own.
   * @param {string} path @returns {{ label: string, name: Name | null }[]}
   */
  below(path) {
    return [...(this.#below.get(path) ?? [])]
      .filter((label) => label !== "constructor")
      .map((label) => ({ label, name: this.find(path ? `${path}.${label}` : label) }));
  }
}

/** @param {Form} form */
const namesOf = (form) =>
  new Names(
    NAMES[form].map(({ label, type, detail, info }) => ({
      path: label,
      signature: detail,
      doc: info,
      isFunction: type === "function",
    })),
  );

const KNOWN = { module: namesOf("module"), classic: namesOf("classic") };

/** @param {Form} form */
export const interfaceOf = (form) => KNOWN[form];
