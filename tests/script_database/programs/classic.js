const lines = [];
function init() {
  lines.push(database.createTable("items"));
  lines.push(database.addTextColumn("items", "name", false));
  lines.push(database.addIntegerColumn("items", "stock", true, 0));
  lines.push(database.addBooleanColumn("items", "sold", false, "false"));
  lines.push(database.addTimestampColumn("items", "at", true, "now"));
  lines.push(database.createTable("parts"));
  lines.push(database.addReferenceColumn("parts", "item", "items"));
  lines.push(database.addUniqueIndex("items", JSON.stringify(["name"])));
  lines.push(database.createLeaseTable("leases"));
  for (const path of ["init", "rows", "errors", "transaction", "throws", "leases", "shortNames"]) {
    routeRegistry.registerRoute(`/classic/${path}`, path === "init" ? "started" : path, "GET");
  }
}
const read = (text) => JSON.parse(text);
const names = () => read(database.query("items", null, 100, "id", "asc")).map((row) => row.name);
function started() { return ResponseBuilder.json(lines.map(read)); }
function rows() {
  database.deleteWhere("items", JSON.stringify({ id: { $gt: 0 } }));
  const first = read(database.insert("items", JSON.stringify({ name: "a", stock: 3 })));
  const second = read(database.insert("items", { name: "b", stock: 5 }));
  return ResponseBuilder.json({
    first: { name: first.name, sold: first.sold, hasTime: /^\d{4}-/.test(first.at) },
    more: read(database.query("items", JSON.stringify({ stock: { $gte: 4, $lt: 9 } }))).map((row) => row.name),
    not: read(database.query("items", JSON.stringify({ name: { $ne: "a" } }), 10, "id", "DESC")).length,
    updated: read(database.update("items", first.id, JSON.stringify({ stock: 9 }))).stock,
    upserted: read(database.upsert("items", JSON.stringify({ name: "b", stock: 1 }), JSON.stringify(["name"]))).stock,
    deleted: read(database.delete("items", second.id)).deleted,
    left: names(),
  });
}
function errors() {
  return ResponseBuilder.json([
    read(database.insert("items", JSON.stringify({ nothing: 1 }))),
    read(database.insert("missing", "{}")),
    read(database.query("items", "[]")),
    read(database.query("items", JSON.stringify({ a: { $what: 1 } }))),
    read(database.insert("items", JSON.stringify({ name: "x', (select 1)); drop table items --" }))).name,
    read(database.commitTransaction()),
    read(database.generateGraphQLForTable("items")),
  ]);
}
function transaction() {
  database.deleteWhere("items", JSON.stringify({ id: { $gt: 0 } }));
  const begun = read(database.beginTransaction(5000));
  database.insert("items", JSON.stringify({ name: "kept" }));
  const point = read(database.createSavepoint("here"));
  database.insert("items", JSON.stringify({ name: "undone" }));
  database.rollbackToSavepoint(point.savepoint);
  const failed = read(database.insert("items", JSON.stringify({ name: "kept" }))).error !== undefined;
  const twice = read(database.beginTransaction()).error;
  return ResponseBuilder.json({ begun, point, failed, twice, names: names() });
}
function shortNames() {
  const add = (name) => database.insert("items", JSON.stringify({ name }));
  database.beginTransaction();
  add("short: kept");
  const committed = read(database.commit());
  database.beginTransaction();
  add("short: undone");
  const undone = read(database.rollback());
  const short = names().filter((name) => name.startsWith("short"));
  const none = [read(database.commit()).code, read(database.rollback()).code];
  return ResponseBuilder.json({ committed, undone, short, none });
}
function throws() {
  database.beginTransaction();
  database.insert("items", JSON.stringify({ name: "lost" }));
  throw new Error("no");
}
function leases() {
  const take = (owner, ms) => read(database.acquireLease("leases", "job", owner, ms)).acquired;
  return ResponseBuilder.json([take("a", 60000), take("b", 60000), take("a", 60000)]);
}
