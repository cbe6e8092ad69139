function hello(context) {
  return ResponseBuilder.text("Hello " + (context.request.query.name || "world"));
}

function init() {
  routeRegistry.registerRoute("/hello", "hello", "GET");
}
