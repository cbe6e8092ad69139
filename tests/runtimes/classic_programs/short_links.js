const links = { docs: "https://example.org/docs", home: "/" };

function follow(context) {
  const target = links[context.request.params.name];
  return target ? ResponseBuilder.redirect(target) : ResponseBuilder.error(404, "no such link");
}

function list() {
  return ResponseBuilder.json(Object.keys(links));
}

function init() {
  routeRegistry.registerRoute("/go/:name", "follow", "GET");
  routeRegistry.registerRoute("/go", "list", "GET");
}
