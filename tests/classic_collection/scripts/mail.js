// A service outside, with a key that the script never sees.

function send(context) {
  if (!secretStorage.exists("MAIL_KEY")) return ResponseBuilder.error(503, "no key");
  const response = JSON.parse(
    fetch(context.request.query.url, {
      method: "POST",
      headers: { authorization: "Bearer {{MAIL_KEY}}", "content-type": "application/json" },
      body: JSON.stringify({ to: "ada@example.com" }),
      timeout: 5000,
    }),
  );
  return ResponseBuilder.json({ status: response.status, body: response.body });
}

function init() {
  routeRegistry.registerRoute("/mail", "send", "POST");
}
