function queried() {
  const result = JSON.parse(database.query("notes", JSON.stringify({ id: 1 }), 10));
  return result.error ? ResponseBuilder.error(503, result.error) : ResponseBuilder.json(result);
}

function init() {
  routeRegistry.registerRoute("/queried", "queried", "GET");
}
