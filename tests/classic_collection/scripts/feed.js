// Server-sent events: everybody gets what is sent, or what their channel gets.

function topic(context) {
  return { topic: context.request.query.topic || "hall" };
}

function send(context) {
  const { text, topic } = context.request.form;
  const data = JSON.stringify({ text, topic: topic || null });
  if (topic) routeRegistry.sendStreamMessageFiltered("/feed/channels", data, JSON.stringify({ topic }), "subset");
  else routeRegistry.sendStreamMessage("/feed/all", data);
  return ResponseBuilder.json({ sent: true });
}

function init() {
  routeRegistry.registerStreamRoute("/feed/all");
  routeRegistry.registerStreamRoute("/feed/channels", "topic", { summary: "One channel" });
  routeRegistry.registerRoute("/feed/send", "send", "POST");
}
