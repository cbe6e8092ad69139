// Who visits, and what only they see.

function who(context) {
  const { auth } = context.request;
  return ResponseBuilder.json({
    isAuthenticated: auth.isAuthenticated,
    email: auth.userEmail,
    isEditor: auth.isEditor,
    isAdmin: auth.isAdmin,
  });
}

function mine(context) {
  const user = context.request.auth.requireAuth();
  const before = personalStorage.getItem("visits");
  const visits = Number(before || "0") + 1;
  personalStorage.setItem("visits", String(visits));
  return ResponseBuilder.json({ visits, email: user.email || user.userEmail });
}

function init() {
  routeRegistry.registerRoute("/account", "who", "GET");
  routeRegistry.registerRoute("/account/mine", "mine", "GET");
}
