const entries = [];

const escapeHtml = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

function show() {
  const items = entries.map((entry) => `<li>${escapeHtml(entry.name)}: ${escapeHtml(entry.text)}</li>`);
  return ResponseBuilder.html(`<ul>${items.join("")}</ul><form method="post"><input name="name"></form>`);
}

function sign(context) {
  const { name, text } = context.request.form;
  if (!name) return ResponseBuilder.error(400, "name is missing");
  entries.push({ name, text: text || "" });
  return ResponseBuilder.redirect("/guestbook");
}

function init() {
  routeRegistry.registerRoute("/guestbook", "show", "GET");
  routeRegistry.registerRoute("/guestbook", "sign", "POST");
}
