// Tables made in init(), JSON in and out, filters, references, indexes.

interface Row { id: number; name: string; amount: number }

function answer(text: string): any {
  const value = JSON.parse(text);
  if (value && value.error) throw new Error(value.error);
  return value;
}

function create(context: any) {
  const input = JSON.parse(context.request.body);
  const row = answer(database.insert("stock_items", JSON.stringify({ name: input.name, amount: input.amount })));
  return { status: 201, body: JSON.stringify(row), contentType: "application/json" };
}

function search(context: any) {
  const { least, most, order } = context.request.query;
  const filters: any = {};
  if (least || most) filters.amount = {};
  if (least) filters.amount.$gte = Number(least);
  if (most) filters.amount.$lt = Number(most);
  const rows: Row[] = answer(database.query("stock_items", JSON.stringify(filters), 50, order || "id", "asc"));
  return ResponseBuilder.json(rows);
}

function change(context: any) {
  const id = Number(context.request.params.id);
  const row = answer(database.update("stock_items", id, context.request.body));
  return ResponseBuilder.json(row);
}

function remove(context: any) {
  answer(database.delete("stock_items", Number(context.request.params.id)));
  return ResponseBuilder.noContent();
}

function put(context: any) {
  const input = JSON.parse(context.request.body);
  const row = answer(database.upsert("stock_items", JSON.stringify(["name"]), JSON.stringify(input)));
  return ResponseBuilder.json(row);
}

function clear(context: any) {
  const result = answer(database.deleteWhere("stock_items", JSON.stringify({ amount: { $lte: 0 } })));
  return ResponseBuilder.json(result);
}

function init() {
  database.createTable("stock_items");
  database.addTextColumn("stock_items", "name", false, "''");
  database.addIntegerColumn("stock_items", "amount", true, "0");
  database.addBooleanColumn("stock_items", "is_open", true, "false");
  database.addTimestampColumn("stock_items", "counted_at", true);
  database.addUniqueIndex("stock_items", JSON.stringify(["name"]));
  database.createTable("stock_moves");
  database.addReferenceColumn("stock_moves", "item_id", "stock_items");
  routeRegistry.registerRoute("/stock", "create", "POST");
  routeRegistry.registerRoute("/stock", "search", "GET");
  routeRegistry.registerRoute("/stock/:id", "change", "PUT");
  routeRegistry.registerRoute("/stock/:id", "remove", "DELETE");
  routeRegistry.registerRoute("/stock-put", "put", "POST");
  routeRegistry.registerRoute("/stock-clear", "clear", "POST");
}
