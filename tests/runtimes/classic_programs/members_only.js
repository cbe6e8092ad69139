function members(context) {
  const user = context.request.auth.requireAuth();
  return ResponseBuilder.text("Welcome " + user.name);
}

function administrators(context) {
  const { auth } = context.request;
  if (!auth.isAuthenticated) return ResponseBuilder.redirect("/auth/login");
  if (!auth.isAdmin) return ResponseBuilder.error(403, auth.userEmail + " is no administrator");
  return ResponseBuilder.json({ id: auth.userId, provider: auth.provider, editor: auth.isEditor });
}

function init() {
  routeRegistry.registerRoute("/members", "members", "GET");
  routeRegistry.registerRoute("/administrators", "administrators", "GET");
}
