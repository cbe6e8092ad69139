var title = "Greetings";

function page(context) {
  console.log("page " + context.request.path);
  return ResponseBuilder.html("<!doctype html><title>" + title + "</title><h1>" + title + "</h1>");
}

function init(context) {
  console.log("init as " + context.kind);
  routeRegistry.registerRoute("/greetings", "page", "GET", { summary: "A page" });
}
