// Work at a later time.

function count(key) {
  const next = Number(sharedStorage.getItem(key) || "0") + 1;
  sharedStorage.setItem(key, String(next));
  return next;
}

function tick(context) {
  console.log(`tick ${count("ticks")} of kind ${context.kind}`);
}

function once(context) {
  count("once");
}

function plan(context) {
  schedulerService.registerOnce({
    handler: "once",
    name: "later",
    runAt: new Date(Date.now() + 200).toISOString(),
  });
  return ResponseBuilder.json({ planned: true });
}

function show(context) {
  return ResponseBuilder.json({
    ticks: Number(sharedStorage.getItem("ticks") || "0"),
    once: Number(sharedStorage.getItem("once") || "0"),
  });
}

function init() {
  schedulerService.clearAll();
  schedulerService.registerRecurring({ handler: "tick", name: "clock", intervalMilliseconds: 200 });
  routeRegistry.registerRoute("/clock", "show", "GET");
  routeRegistry.registerRoute("/clock", "plan", "POST");
}
