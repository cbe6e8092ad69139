function calculate(context) {
  const { a, b, operation } = context.request.query;
  const [left, right] = [Number(a), Number(b)];
  if (Number.isNaN(left) || Number.isNaN(right)) return ResponseBuilder.error(400, "not a number");
  switch (operation) {
    case "plus":
      return ResponseBuilder.json({ result: left + right });
    case "times":
      return ResponseBuilder.json({ result: left * right });
    default:
      return ResponseBuilder.json({ error: `unknown operation ${operation}` }, 422);
  }
}

function init() {
  routeRegistry.registerRoute("/calculate", "calculate", "GET");
}
