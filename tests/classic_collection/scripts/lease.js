// One of several callers does the work.

function work(context) {
  const name = context.request.query.name;
  const got = JSON.parse(database.acquireLease("leases", "nightly", name, 60000));
  return ResponseBuilder.json(got);
}

function init() {
  database.createLeaseTable("leases");
  routeRegistry.registerRoute("/lease", "work", "POST");
}
