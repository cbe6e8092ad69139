// The script's files: `env.files`, `assetStorage`, and the routes that serve files.

import { optional, optionsOf } from "./options.js";
import { checkRoute } from "./registry.js";
import {
  Bytes,
  byteLength,
  decode,
  encode,
  exec,
  freeze,
  isArray,
  isPrototypeOf,
  parse,
  setBytes,
  stringify,
  uncurryThis,
} from "./safe.js";
import { kindOf } from "./values.js";

// Author code can replace the globals.
const { ArrayBuffer, Blob, String, TypeError } = globalThis;
const bytesOf = uncurryThis(Blob.prototype.bytes);
const toBase64 = uncurryThis(Bytes.prototype.toBase64);
const fromBase64 = Bytes.fromBase64.bind(Bytes);
const NONE = new Bytes(0);
const ALL_BELOW = /\/\*\w*$/;
const CONTENT_TYPE =
  /^(application|audio|font|image|message|model|multipart|text|video)\/[\w.+-]+/i;
const MOST_LISTED = 1000;

/** The content of a file when it was read. */
class StoredFile {
  #content;

  constructor(facts, content) {
    this.#content = content;
    for (const name of Object.keys(facts)) this[name] = facts[name];
    freeze(this);
  }

  async bytes() {
    return new Bytes(this.#content);
  }

  async text() {
    return decode(this.#content);
  }

  async json() {
    return parse(decode(this.#content));
  }
}

/** `env.files`. */
export function moduleEnv(host) {
  const ask = async (operation, args, body) => (await host.ask(operation, args, body)).value;
  return {
    async list(given) {
      const options = optionsOf("env.files.list", given, ["prefix", "cursor", "limit"]);
      const { prefix = "", cursor = null, limit = 100 } = options;
      return await ask("files.list", [prefix, cursor, limit]);
    },

    async get(path) {
      const { value, body } = await host.ask("files.get", [path]);
      return value === null ? null : new StoredFile(value, body);
    },

    async put(path, content, given) {
      const options = optionsOf("env.files.put", given, ["type", "ifHash"]);
      const args = [path, optional(options, "type"), baseOf(options)];
      return await ask("files.put", args, await contentOf("env.files.put", content));
    },

    async edit(path, edits, given) {
      const options = optionsOf("env.files.edit", given, ["ifHash"]);
      return await ask("files.edit", [path, editsOf("env.files.edit", edits), baseOf(options)]);
    },

    async delete(path, given) {
      const options = optionsOf("env.files.delete", given, ["ifHash"]);
      return await ask("files.delete", [path, baseOf(options)]);
    },

    async batch(changes) {
      if (!isArray(changes)) {
        throw new TypeError(
          `env.files.batch: found ${kindOf(changes)}; allowed: a list of changes`,
        );
      }
      const heads = [];
      const contents = [];
      for (let at = 0; at < changes.length; at++) {
        const { head, content } = await changeOf(`env.files.batch, change ${at}`, changes[at]);
        heads[at] = head;
        contents[at] = content;
      }
      return await ask("files.batch", [heads], joined(contents));
    },
  };
}

async function changeOf(what, change) {
  const { op, path, content, type, edits, ifHash } = change ?? {};
  const base = baseOf({ ifHash });
  if (op === "put") {
    const bytes = await contentOf(what, content);
    return {
      head: { op, path, type: type ?? null, base, size: byteLength(bytes) },
      content: bytes,
    };
  }
  if (op === "edit")
    return { head: { op, path, edits: editsOf(what, edits), base }, content: NONE };
  if (op === "delete") return { head: { op, path, base }, content: NONE };
  throw new TypeError(`${what}: op is ${String(op)}; allowed: put, edit, delete`);
}

/** The hash that a file must have: null for any, "" for a file that must not exist. */
function baseOf({ ifHash }) {
  if (ifHash === undefined) return null;
  return ifHash === null ? "" : ifHash;
}

function editsOf(what, edits) {
  if (!isArray(edits)) {
    throw new TypeError(`${what}: edits is ${kindOf(edits)}; allowed: a list of { find, replace }`);
  }
  const checked = [];
  for (let at = 0; at < edits.length; at++) {
    const { find, replace, all } = edits[at] ?? {};
    checked[at] = { find, replace, all: all ?? false };
  }
  return checked;
}

async function contentOf(what, content) {
  if (typeof content === "string") return encode(content);
  if (isPrototypeOf(Bytes.prototype, content)) return content;
  if (isPrototypeOf(ArrayBuffer.prototype, content)) return new Bytes(content);
  if (isPrototypeOf(Blob.prototype, content)) return await bytesOf(content);
  throw new TypeError(
    `${what}: the content is ${kindOf(content)}; allowed: a text, Uint8Array, ArrayBuffer or Blob`,
  );
}

function joined(parts) {
  let size = 0;
  for (let at = 0; at < parts.length; at++) size += byteLength(parts[at]);
  const whole = new Bytes(size);
  let end = 0;
  for (let at = 0; at < parts.length; at++) {
    setBytes(whole, parts[at], end);
    end += byteLength(parts[at]);
  }
  return whole;
}

/** `export const assets = { "/logo.png": "logo.png", "/static/*": "static" }`. */
export const declarations = {
  assets(exported, { add, refuse }) {
    if (exported === null || typeof exported !== "object" || isArray(exported)) {
      refuse(`assets is ${kindOf(exported)}, not an object`);
    }
    for (const path of Object.keys(exported)) {
      const asset = exported[path];
      if (typeof asset !== "string" || asset === "") {
        refuse(`the asset ${stringify(path)} is ${kindOf(asset)}, not the path of a file`, path);
      }
      if (path[0] !== "/") refuse(`the asset ${stringify(path)} must begin with "/"`, path);
      add({ kind: "asset", method: "GET", path, asset: assetOf(path, asset) });
    }
  },
};

/** What a route serves: a file, or with `/*` at the end everything below a folder. */
function assetOf(path, asset) {
  const name = String(asset);
  if (exec(ALL_BELOW, path) === null || exec(ALL_BELOW, name) !== null) return name;
  return name.endsWith("/") ? `${name}*` : `${name}/*`;
}

/** The globals of the classic form. */
export function classic(host, registry) {
  return {
    assetStorage: storageOf(host),
    routeRegistry: {
      registerAssetRoute(path, asset, meta) {
        checkRoute(path, "GET");
        return registry.add("asset", path, { path, asset: assetOf(path, asset), meta });
      },
    },
  };
}

function storageOf(host) {
  const attempt = (work) => {
    try {
      return work();
    } catch (error) {
      if (error.code === undefined || error.code === "INTERNAL") throw error;
      return `Error: ${error.message}`;
    }
  };
  return {
    listAssets: () =>
      attempt(() => {
        const all = [];
        let cursor = null;
        do {
          const { value } = host.askNow("files.list", ["", cursor, MOST_LISTED]);
          for (let at = 0; at < value.files.length; at++)
            all[all.length] = metadata(value.files[at]);
          cursor = value.cursor;
        } while (cursor !== null);
        return stringify(all);
      }),

    fetchAsset: (name) =>
      attempt(() => {
        const { value, body } = host.askNow("files.get", [pathOf(name)]);
        return value === null ? `Asset '${name}' not found` : toBase64(body);
      }),

    // Two orders of the arguments are in use: (name, type, content) and (name, content, type).
    upsertAsset: (name, second, third) =>
      attempt(() => {
        const isTypeFirst = exec(CONTENT_TYPE, String(second)) !== null;
        const [type, content] = isTypeFirst ? [second, third] : [third, second];
        let bytes;
        try {
          bytes = fromBase64(String(content));
        } catch {
          return "Error: the content is not valid base64";
        }
        host.askNow("files.put", [pathOf(name), type ?? null, null], bytes);
        return `Asset '${name}' upserted successfully`;
      }),

    deleteAsset: (name) =>
      attempt(() => {
        const isGone = host.askNow("files.delete", [pathOf(name), null]).value;
        return isGone ? `Asset '${name}' deleted successfully` : `Asset '${name}' not found`;
      }),
  };
}

const pathOf = (name) => String(name).replace(/^\/+/, "");

/** As the original has it, with its times in both of its notations. */
function metadata({ path, size, type, createdAt, updatedAt }) {
  return {
    uri: path,
    name: path,
    size,
    mimetype: type,
    createdAt: Date.parse(createdAt),
    updatedAt: Date.parse(updatedAt),
    created_at: createdAt,
    updated_at: updatedAt,
  };
}
