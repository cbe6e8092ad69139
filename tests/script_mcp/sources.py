"""Scripts that offer tools, prompts and resources."""

MODULE = """
const TEXT = { type: "string" };
const NUMBER = { type: "number" };

export const tools = {
  add: {
    title: "Add",
    description: "Adds two numbers.",
    input: { properties: { a: NUMBER, b: NUMBER }, required: ["a", "b"] },
    annotations: { readOnlyHint: true },
    handler: ({ a, b }) => ({ sum: a + b }),
  },
  greet: {
    description: "Greets the user.",
    handler: (args, env, ctx) => `Hello ${ctx.user.name}, ${ctx.user.email}`,
  },
  picture: {
    description: "A picture.",
    handler: () => ({
      content: ["here", { type: "image", data: new Uint8Array([1, 2, 3]), mimeType: "image/png" }],
    }),
  },
  fail: { handler: () => { throw new Error("the disk is full"); } },
  strange: { handler: () => ({ content: [{ type: "hologram" }] }) },
  large: { handler: () => "w".repeat(1_100_000) },
  many: { handler: () => [1, 2] },
};

export const prompts = {
  review: {
    description: "Reviews a text.",
    arguments: [{ name: "text", description: "The text.", required: true }, { name: "tone" }],
    handler: ({ text, tone }) => `Review this ${tone ?? "kindly"}: ${text}`,
  },
  talk: {
    handler: () => ({
      messages: [
        { role: "user", content: "Hi" },
        { role: "assistant", content: { type: "text", text: "Hello" } },
      ],
    }),
  },
};

export const resources = {
  "notes://all": { name: "All notes", mimeType: "text/plain", handler: (uri) => `at ${uri}` },
  "notes://logo": { mimeType: "image/png", handler: () => new Uint8Array([1, 2, 3]) },
  "notes://data": { handler: () => ({ a: 1 }) },
};
"""

CLASSIC = """
function add(context) {
  return JSON.stringify({ kind: context.kind, sum: context.args.a + context.args.b });
}
function answer(context) { return ResponseBuilder.error(400, "no " + context.args.what); }
function ask(context) {
  return { messages: [{ role: "user", content: { type: "text", text: context.args.topic } }] };
}
function init() {
  const schema = JSON.stringify({
    type: "object", properties: { a: { type: "number" }, b: { type: "number" } },
  });
  mcpRegistry.registerTool("add", "Adds.", schema, "add");
  mcpRegistry.registerTool("only_here", "Fails.", "{}", "answer");
  mcpRegistry.registerPrompt("ask", "Asks.", JSON.stringify([{ name: "topic" }]), "ask");
}
"""
