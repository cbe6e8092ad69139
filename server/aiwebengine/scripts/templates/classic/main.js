// The form of the original engine: init() registers handlers by name.

function hello(context) {
  const name = context.request.params.name ?? "world";
  return ResponseBuilder.text(`Hello, ${name}!`);
}

function init() {
  routeRegistry.registerRoute("/__SLUG__", "hello", "GET");
  routeRegistry.registerRoute("/__SLUG__/:name", "hello", "GET");
}
