// MCP: `env.mcp`, and `mcpRegistry` and `McpClient` of the classic form.

import { missing } from "./unavailable.js";

/** `env.mcp`. */
export function moduleEnv() {
  return missing("env.mcp", "connect");
}

/** The globals of the classic form. */
export function classic(host, registry) {
  return {
    mcpRegistry: {
      registerTool: (name, description, schema, handler) =>
        registry.add("tool", name, { name, description, schema }, handler),
      registerPrompt: (name, description, args, handler) =>
        registry.add("prompt", name, { name, description, args }, handler),
    },
    McpClient: missing("McpClient", "constructor _listTools _callTool"),
  };
}
