function encode(context) {
  return ResponseBuilder.text(convert.btoa(context.request.body));
}

function decode(context) {
  return ResponseBuilder.text(convert.atob(context.request.body));
}

function slug(context) {
  const text = context.request.query.text || "";
  return ResponseBuilder.text(
    text
      .normalize("NFD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, ""),
  );
}

function init() {
  routeRegistry.registerRoute("/text/encode", "encode", "POST");
  routeRegistry.registerRoute("/text/decode", "decode", "POST");
  routeRegistry.registerRoute("/text/slug", "slug", "GET");
}
