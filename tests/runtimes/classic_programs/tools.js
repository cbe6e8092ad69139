function add(context) {
  return { sum: context.args.a + context.args.b };
}

function advise() {
  return "Be brief.";
}

function listed() {
  return ResponseBuilder.json(["add", "advise"]);
}

function init() {
  const schema = { type: "object", properties: { a: { type: "number" }, b: { type: "number" } } };
  mcpRegistry.registerTool("add", "Adds two numbers", JSON.stringify(schema), "add");
  mcpRegistry.registerPrompt("advise", "Gives advice", "[]", "advise");
  routeRegistry.registerRoute("/tools", "listed", "GET");
}
