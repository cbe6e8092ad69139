// MCP: a tool and a prompt.

function roll(context) {
  const { sides, times } = context.args;
  if (sides < 2) throw new Error("sides must be 2 or more");
  return { rolls: Array.from({ length: times || 1 }, () => 1), sides };
}

function greeting(context) {
  const name = context.args.name || "you";
  return { messages: [{ role: "user", content: { type: "text", text: `Greet ${name}.` } }] };
}

function init() {
  mcpRegistry.registerTool(
    "roll_dice",
    "Rolls dice",
    JSON.stringify({
      type: "object",
      properties: { sides: { type: "integer" }, times: { type: "integer" } },
      required: ["sides"],
    }),
    "roll",
  );
  mcpRegistry.registerPrompt(
    "greet",
    "Greets somebody",
    JSON.stringify([{ name: "name", description: "whom", required: false }]),
    "greeting",
  );
}
