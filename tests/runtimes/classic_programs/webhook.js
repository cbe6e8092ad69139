function receive(context) {
  const { headers, body } = context.request;
  const event = headers["x-event"];
  if (event === undefined) return ResponseBuilder.error(400, "X-Event is missing");
  const payload = JSON.parse(body || "{}");
  console.debug("event " + event, payload);
  return ResponseBuilder.json({ received: event, keys: Object.keys(payload) }, 202);
}

function init() {
  routeRegistry.registerRoute("/webhook", "receive", "POST", {
    summary: "Receives events",
    tags: ["events"],
  });
}
