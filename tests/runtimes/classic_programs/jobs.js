let runs = 0;

function tick() {
  runs++;
}

function report() {
  return ResponseBuilder.json({ runs });
}

function init() {
  schedulerService.registerRecurring({ name: "tick", handler: "tick", intervalMilliseconds: 60000 });
  schedulerService.registerOnce({ name: "first", handler: "tick", runAt: "2030-01-01T00:00:00Z" });
  routeRegistry.registerRoute("/runs", "report", "GET");
}
