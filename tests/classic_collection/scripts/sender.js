// Sends messages to other scripts.

function order(context) {
  dispatcher.sendMessage("order.created", JSON.stringify({ number: context.request.form.number }));
  return ResponseBuilder.json({ sent: true });
}

function init() {
  routeRegistry.registerRoute("/orders", "order", "POST");
}
