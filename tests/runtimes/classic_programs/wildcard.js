function files(context) {
  const { params, path } = context.request;
  return ResponseBuilder.json({ path, params });
}

function init() {
  routeRegistry.registerRoute("/files/*", "files", "GET");
}
