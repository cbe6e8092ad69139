function fine() {
  return ResponseBuilder.text("fine");
}

function broken(context) {
  const settings = undefined;
  return ResponseBuilder.text(settings.title);
}

function init() {
  routeRegistry.registerRoute("/fine", "fine", "GET");
  routeRegistry.registerRoute("/broken", "broken", "GET");
}
