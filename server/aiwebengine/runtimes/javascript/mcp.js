// MCP: tools, prompts and resources that a script offers, and tools of other servers that it calls.

import {
  Bytes,
  defineProperty,
  freeze,
  isArray,
  isPrototypeOf,
  parse,
  stringify,
  uncurryThis,
} from "./safe.js";
import { kindOf } from "./values.js";

// Author code can replace the globals.
const { Object, String } = globalThis;

const toBase64 = uncurryThis(Bytes.prototype.toBase64);

/** `env.mcp`. */
export function moduleEnv(host) {
  return {
    connect(url, options = {}) {
      const server = [String(url), options.secret ?? null];
      return freeze({
        listTools: async () => (await host.ask("mcp.tools", server)).value.tools,
        callTool: async (name, args = {}) =>
          (await host.ask("mcp.call", [...server, name, args])).value,
      });
    },
  };
}

/** Exports of the module form. */
export const declarations = {
  tools(exported, to) {
    for (const [name, tool] of entriesOf("tools", exported, to)) {
      const { title, description, input, annotations } = tool;
      add(to, "tool", name, tool.handler, { title, description, schema: input, annotations });
    }
  },
  prompts(exported, to) {
    for (const [name, prompt] of entriesOf("prompts", exported, to)) {
      const { title, description } = prompt;
      add(to, "prompt", name, prompt.handler, { title, description, args: prompt.arguments });
    }
  },
  resources(exported, to) {
    for (const [uri, resource] of entriesOf("resources", exported, to)) {
      const { name, title, description, mimeType } = resource;
      add(to, "resource", uri, resource.handler, { uri, name, title, description, mimeType });
    }
  },
};

/** Calls of the module form. */
export const moduleCalls = {
  tool: async ({ handler, head, env, ctx }) => encoded(await handler(head.args, env, ctx)),
  prompt: async ({ handler, head, env, ctx }) => encoded(await handler(head.args, env, ctx)),
  resource: async ({ handler, head, env, ctx }) => encoded(await handler(head.uri, env, ctx)),
};

/** The globals of the classic form. */
export function classic(host, registry) {
  const tools = (url, secret) => listed(() => host.askNow("mcp.tools", [url, secret ?? null]));
  const call = (url, secret, name, args) =>
    listed(() => host.askNow("mcp.call", [url, secret ?? null, name, parse(args || "{}")]));

  /** `new McpClient(url, secret)`; the original's functions take what its `constructor` returns. */
  class McpClient {
    #url;
    #secret;
    constructor(url, secret) {
      this.#url = String(url);
      this.#secret = secret;
    }
    _listTools() {
      return tools(this.#url, this.#secret);
    }
    _callTool(name, args) {
      return call(this.#url, this.#secret, name, args);
    }
    listTools() {
      return parse(this._listTools());
    }
    callTool(name, args = {}) {
      return parse(this._callTool(name, stringify(args)));
    }
    static _listTools(client) {
      const { serverUrl, secretIdentifier } = parse(client);
      return tools(serverUrl, secretIdentifier);
    }
    static _callTool(client, name, args) {
      const { serverUrl, secretIdentifier } = parse(client);
      return call(serverUrl, secretIdentifier, name, args);
    }
  }
  defineProperty(McpClient, "constructor", {
    value: (serverUrl, secretIdentifier) => stringify({ serverUrl, secretIdentifier }),
  });

  // A newer version of the original takes an object as the second argument.
  return {
    mcpRegistry: {
      registerTool(name, about, input, by) {
        const [description, schema, handler] = isObject(about)
          ? [about.description, about.inputSchema, about.handler]
          : [about, input, by];
        return registry.add("tool", name, { name, description, schema }, handler);
      },
      registerPrompt(name, about, list, by) {
        const [description, args, handler] = isObject(about)
          ? [about.description, about.arguments, about.handler]
          : [about, list, by];
        return registry.add("prompt", name, { name, description, args }, handler);
      },
    },
    McpClient,
  };
}

/** Calls of the classic form: arguments are in `context.args`, and beside it. */
export const classicCalls = {
  tool: async ({ handler, head, context }) =>
    encoded(await handler(contextFor("mcpTool", head.args, context))),
  prompt: async ({ handler, head, context }) =>
    encoded(await handler(contextFor("mcpPrompt", head.args, context))),
};

function contextFor(kind, args, context) {
  return { ...args, ...context, kind, invocationType: kind, args };
}

/** The answer as JSON. A failure is a value: scripts of the original look for `error`. */
function listed(ask) {
  try {
    return stringify(ask().value);
  } catch (error) {
    return stringify({ error: error.message, code: error.code });
  }
}

/** The members of an export, each an object. */
function entriesOf(name, exported, to) {
  if (!isObject(exported)) to.refuse(`${name} is ${kindOf(exported)}, not an object`);
  for (const key of Object.keys(exported)) {
    if (!isObject(exported[key])) {
      to.refuse(`${name}: ${stringify(key)} is ${kindOf(exported[key])}, not an object`, key);
    }
  }
  return Object.entries(exported);
}

function add(to, kind, name, handler, entry) {
  if (typeof handler !== "function") {
    to.warn(
      `the ${kind} ${stringify(name)} has ${kindOf(handler)} as handler, not a function`,
      name,
    );
  }
  to.add({ kind, name, ...entry, handler: `${kind} ${name}` }, handler);
}

/** The value with bytes, such as of images, as base64. */
function encoded(value) {
  if (!isObject(value)) return value;
  if (isPrototypeOf(Bytes.prototype, value)) return { blob: toBase64(value) };
  const copy = { ...value };
  for (const name of ["data", "blob"]) {
    if (isPrototypeOf(Bytes.prototype, copy[name])) copy[name] = toBase64(copy[name]);
  }
  if (isArray(copy.content)) copy.content = copy.content.map(encoded);
  return copy;
}

function isObject(value) {
  return value !== null && typeof value === "object" && !isArray(value);
}
