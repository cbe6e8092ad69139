let nextId = 1;
const todos = new Map();

function list() {
  return ResponseBuilder.json([...todos.values()]);
}

function create(context) {
  let data;
  try {
    data = JSON.parse(context.request.body);
  } catch (error) {
    return ResponseBuilder.error(400, "not JSON: " + error.name);
  }
  const todo = { id: nextId++, title: data.title, done: false };
  todos.set(String(todo.id), todo);
  return ResponseBuilder.json(todo, 201);
}

function change(context) {
  const todo = todos.get(context.request.params.id);
  if (!todo) return ResponseBuilder.error(404, "no such todo");
  Object.assign(todo, JSON.parse(context.request.body));
  return ResponseBuilder.json(todo);
}

function remove(context) {
  return todos.delete(context.request.params.id)
    ? ResponseBuilder.noContent()
    : ResponseBuilder.error(404, "no such todo");
}

function init() {
  routeRegistry.registerRoute("/todos", "list", "GET");
  routeRegistry.registerRoute("/todos", "create", "POST");
  routeRegistry.registerRoute("/todos/:id", "change", "PUT");
  routeRegistry.registerRoute("/todos/:id", "remove", "DELETE");
}
