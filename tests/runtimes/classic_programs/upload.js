function upload(context) {
  const files = context.request.files.map((file) => ({
    field: file.field,
    name: file.filename,
    type: file.contentType,
    size: file.size,
    start: atob(file.base64).slice(0, 4),
  }));
  return ResponseBuilder.json({ title: context.request.form.title, files }, 201);
}

function init() {
  routeRegistry.registerRoute("/upload", "upload", "POST");
}
