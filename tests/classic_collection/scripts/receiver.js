// Hears of what another script says.

function created(context) {
  const data = context.messageData || context.args || {};
  const numbers = JSON.parse(sharedStorage.getItem("numbers") || "[]");
  numbers.push(String((typeof data === "string" ? JSON.parse(data) : data).number));
  sharedStorage.setItem("numbers", JSON.stringify(numbers));
}

function show(context) {
  return ResponseBuilder.json(JSON.parse(sharedStorage.getItem("numbers") || "[]"));
}

function init() {
  dispatcher.registerListener("order.created", "created");
  routeRegistry.registerRoute("/orders/seen", "show", "GET");
}
