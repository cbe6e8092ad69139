// Transactions and savepoints of one call.

function balance(name) {
  const rows = JSON.parse(database.query("accounts", JSON.stringify({ name }), 1));
  return rows.length ? rows[0] : null;
}

function move(from, to, amount) {
  const source = balance(from);
  const target = balance(to);
  database.update("accounts", source.id, JSON.stringify({ cents: source.cents - amount }));
  database.update("accounts", target.id, JSON.stringify({ cents: target.cents + amount }));
}

function open(context) {
  database.deleteWhere("accounts", "{}");
  for (const name of ["ada", "bob"]) database.insert("accounts", JSON.stringify({ name, cents: 100 }));
  return ResponseBuilder.text("opened");
}

function show(context) {
  return ResponseBuilder.json({ ada: balance("ada").cents, bob: balance("bob").cents });
}

function commit(context) {
  database.beginTransaction(2000);
  move("ada", "bob", 30);
  database.commitTransaction();
  return ResponseBuilder.text("committed");
}

function roll_back(context) {
  database.beginTransaction();
  move("ada", "bob", 50);
  database.rollbackTransaction();
  return ResponseBuilder.text("rolled back");
}

function throws(context) {
  database.beginTransaction();
  move("ada", "bob", 50);
  throw new Error("on purpose");
}

function returns(context) {
  database.beginTransaction();
  move("bob", "ada", 5);
  return ResponseBuilder.text("left open, committed with the call");
}

function savepoint(context) {
  database.beginTransaction();
  move("ada", "bob", 1);
  const name = JSON.parse(database.createSavepoint("before")).savepoint || "before";
  move("ada", "bob", 40);
  database.rollbackToSavepoint(name);
  database.releaseSavepoint(name);
  database.commitTransaction();
  return ResponseBuilder.text("saved");
}

function init() {
  database.createTable("accounts");
  database.addTextColumn("accounts", "name", false);
  database.addIntegerColumn("accounts", "cents", false, "0");
  for (const name of ["open", "commit", "roll_back", "throws", "returns", "savepoint"]) {
    routeRegistry.registerRoute("/ledger/" + name, name, "POST");
  }
  routeRegistry.registerRoute("/ledger", "show", "GET");
}
