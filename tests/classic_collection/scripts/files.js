// The script's own files.

function list(context) {
  return ResponseBuilder.json(JSON.parse(assetStorage.listAssets()));
}

function read(context) {
  const found = assetStorage.fetchAsset(context.request.params.name);
  return ResponseBuilder.text(convert.atob(found));
}

function write(context) {
  const { name } = context.request.params;
  assetStorage.upsertAsset(name, "text/plain", convert.btoa(context.request.body));
  return ResponseBuilder.json({ name });
}

function remove(context) {
  assetStorage.deleteAsset(context.request.params.name);
  return ResponseBuilder.noContent();
}

function init() {
  routeRegistry.registerRoute("/files", "list", "GET");
  routeRegistry.registerRoute("/files/:name", "read", "GET");
  routeRegistry.registerRoute("/files/:name", "write", "PUT");
  routeRegistry.registerRoute("/files/:name", "remove", "DELETE");
}
