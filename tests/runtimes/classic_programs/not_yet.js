function stored() {
  try {
    return ResponseBuilder.text(sharedStorage.getItem("key"));
  } catch (error) {
    console.error("storage:", error);
    return ResponseBuilder.error(503, error.message);
  }
}

function queried() {
  const result = JSON.parse(database.query("notes", JSON.stringify({ id: 1 }), 10));
  return result.error ? ResponseBuilder.error(503, result.error) : ResponseBuilder.json(result);
}

function init() {
  routeRegistry.registerRoute("/stored", "stored", "GET");
  routeRegistry.registerRoute("/queried", "queried", "GET");
}
