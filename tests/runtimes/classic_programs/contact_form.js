const FIELDS = ["name", "email", "message"];

function receive(context) {
  const missing = FIELDS.filter((field) => !context.request.form[field]);
  if (missing.length > 0) {
    console.warn("missing: " + missing.join(", "));
    return { status: 422, contentType: "application/json", body: JSON.stringify({ missing }) };
  }
  console.info("message of " + context.request.form.email);
  return { status: 201, body: "Thank you, " + context.request.form.name, contentType: "text/plain" };
}

function init() {
  routeRegistry.registerRoute("/contact", "receive", "POST");
}
