function any(context) {
  return ResponseBuilder.text(context.request.method);
}

function init() {
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
    routeRegistry.registerRoute("/method", "any", method);
  }
}
