// Server-sent events: everybody gets what is sent, or what their room gets.

function room(context) {
  return { room: context.request.query.room || "hall" };
}

function send(context) {
  const { text, room } = context.request.form;
  const data = JSON.stringify({ text, room: room || null });
  if (room) routeRegistry.sendStreamMessageFiltered("/feed/rooms", data, JSON.stringify({ room }), "subset");
  else routeRegistry.sendStreamMessage("/feed/all", data);
  return ResponseBuilder.json({ sent: true });
}

function init() {
  routeRegistry.registerStreamRoute("/feed/all");
  routeRegistry.registerStreamRoute("/feed/rooms", "room", { summary: "One room" });
  routeRegistry.registerRoute("/feed/send", "send", "POST");
}
