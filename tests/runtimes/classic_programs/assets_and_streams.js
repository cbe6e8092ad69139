function filter(context) {
  return { room: context.request.query.room };
}

function index() {
  return ResponseBuilder.html('<link rel="stylesheet" href="/chat/style.css">');
}

function init() {
  routeRegistry.registerAssetRoute("/chat/style.css", "style.css");
  routeRegistry.registerStreamRoute("/chat/events", "filter");
  routeRegistry.registerRoute("/chat", "index", "GET");
}
