/// <reference path="../aiwebengine.d.ts" />
// A list that everybody shares: a form, a redirect after it, JSON beside it.

function list() {
  return JSON.parse(sharedStorage.getItem("notes") || "[]");
}

function show(context) {
  const items = list().map((note) => `<li>${note.text}</li>`).join("");
  const page = `<!doctype html><title>Notes</title><ul>${items}</ul>
    <form method="post" action="/notes"><input name="text"><button>Add</button></form>`;
  return ResponseBuilder.html(page);
}

function add(context) {
  const text = (context.request.form.text || "").trim();
  if (!text) return ResponseBuilder.error(400, "text is missing");
  const notes = list();
  notes.push({ text, at: new Date().toISOString() });
  sharedStorage.setItem("notes", JSON.stringify(notes));
  console.log("note " + notes.length);
  return ResponseBuilder.redirect("/notes");
}

function asJson(context) {
  const limit = parseInt(context.request.query.limit || "100", 10);
  return ResponseBuilder.json({ notes: list().slice(-limit), total: list().length });
}

function clear(context) {
  sharedStorage.removeItem("notes");
  return ResponseBuilder.noContent();
}

function init(context) {
  console.log("notes: " + context.kind);
  routeRegistry.registerRoute("/notes", "show", "GET");
  routeRegistry.registerRoute("/notes", "add", "POST");
  routeRegistry.registerRoute("/notes/json", "asJson", "GET", { summary: "All notes", tags: ["notes"] });
  routeRegistry.registerRoute("/notes", "clear", "DELETE");
  return { success: true, message: "ready", registeredEndpoints: 4 };
}
