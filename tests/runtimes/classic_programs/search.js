const words = "alpha beta gamma delta epsilon".split(" ");

function search(context) {
  const { q = "", page = "1" } = context.request.query;
  const found = words.filter((word) => word.includes(q.toLowerCase()));
  const start = (Number(page) - 1) * 2;
  return ResponseBuilder.json({ total: found.length, items: found.slice(start, start + 2) });
}

function init() {
  routeRegistry.registerRoute("/search", "search", "GET");
}
