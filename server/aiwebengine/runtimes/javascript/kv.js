// Key-value storage: `env.kv`, and `sharedStorage` and `personalStorage` of the classic form.

import { optional, optionsOf } from "./options.js";
import { decode, defineProperty, encode, freeze, parse, stringify } from "./safe.js";

// Author code can replace the globals.
const { String, TypeError } = globalThis;

// Whose values: those of the script, of the signed-in user, or of the user with an ID.
const SHARED = null;
const MINE = "mine";

/** `env.kv`. */
export function moduleEnv(host) {
  const shared = { ...valuesOf(host, SHARED), forUser: (id) => freeze(valuesOf(host, userOf(id))) };
  const mine = freeze(valuesOf(host, MINE));
  defineProperty(shared, "mine", { value: mine, enumerable: true });
  return shared;
}

function userOf(id) {
  if (typeof id !== "string" || id === MINE)
    throw new TypeError("env.kv.forUser needs a user's id");
  return id;
}

function valuesOf(host, holder) {
  return {
    async get(key) {
      const { value, body } = await host.ask("kv.get", [holder, key]);
      return value === null ? null : parse(decode(body));
    },

    async getWithVersion(key) {
      const { value, body } = await host.ask("kv.get", [holder, key]);
      return value === null ? null : { ...value, value: parse(decode(body)) };
    },

    async set(key, value, given) {
      const options = optionsOf("env.kv.set", given, ["ttl", "ifVersion"]);
      const text = stringify(value);
      if (text === undefined) throw new TypeError(`env.kv.set: ${typeof value} has no JSON form`);
      const args = [holder, key, optional(options, "ttl"), optional(options, "ifVersion")];
      return (await host.ask("kv.set", args, encode(text))).value;
    },

    async increment(key, by = 1, given) {
      const options = optionsOf("env.kv.increment", given, ["ttl"]);
      const args = [holder, key, by, optional(options, "ttl")];
      return (await host.ask("kv.increment", args)).value;
    },

    async delete(key, given) {
      const options = optionsOf("env.kv.delete", given, ["ifVersion"]);
      return (await host.ask("kv.delete", [holder, key, optional(options, "ifVersion")])).value;
    },

    async list(given) {
      const options = optionsOf("env.kv.list", given, ["prefix", "cursor", "limit", "values"]);
      const { value, body } = await host.ask("kv.list", [
        holder,
        optional(options, "prefix") ?? "",
        optional(options, "cursor"),
        optional(options, "limit") ?? 100,
        optional(options, "values") ?? false,
      ]);
      if (options.values !== true) return value;
      const values = parse(decode(body));
      for (let at = 0; at < value.items.length; at++) value.items[at].value = values[at];
      return value;
    },

    async clear() {
      return (await host.ask("kv.clear", [holder])).value;
    },
  };
}

/** The globals of the classic form: everything is a string, also errors. */
export function classic(host) {
  return {
    sharedStorage: storageOf(host, SHARED, () => null),
    personalStorage: storageOf(host, MINE, messageOf),
  };
}

function storageOf(host, holder, unreadable) {
  const attempt = (work, failed) => {
    try {
      return work();
    } catch (error) {
      // An outage is not the script's fault, so it ends the call.
      if (error.code === undefined || error.code === "INTERNAL") throw error;
      return failed(error);
    }
  };
  return {
    getItem(key) {
      return attempt(() => {
        const { value, body } = host.askNow("kv.get", [holder, String(key)]);
        if (value === null) return null;
        const text = decode(body);
        const found = parse(text);
        return typeof found === "string" ? found : text;
      }, unreadable);
    },

    setItem(key, value) {
      return attempt(() => {
        const body = encode(stringify(String(value)));
        host.askNow("kv.set", [holder, String(key), null, null], body);
        return "Item stored";
      }, messageOf);
    },

    removeItem(key) {
      const args = [holder, String(key), null];
      return attempt(
        () => host.askNow("kv.delete", args).value,
        holder === MINE ? messageOf : () => false,
      );
    },

    clear() {
      return attempt(() => {
        host.askNow("kv.clear", [holder]);
        return "Storage cleared";
      }, messageOf);
    },
  };
}

const messageOf = (error) => `Error: ${error.message}`;
