// Markdown and templates.

function markdown(context) {
  return ResponseBuilder.html(convert.markdown_to_html("# Title\n\nSome *text* and a [link](/pages)."));
}

function template(context) {
  const name = context.request.query.name || "you";
  const text = "<p>Hello {{name}}</p>{{#each items}}<i>{{this}}</i>{{/each}}";
  return ResponseBuilder.html(
    convert.render_handlebars_template(text, JSON.stringify({ name, items: ["a", "b"] })),
  );
}

function base64(context) {
  return ResponseBuilder.text(convert.atob(convert.btoa("round")));
}

function init() {
  routeRegistry.registerRoute("/pages/markdown", "markdown", "GET");
  routeRegistry.registerRoute("/pages/template", "template", "GET");
  routeRegistry.registerRoute("/pages/base64", "base64", "GET");
  routeRegistry.registerAssetRoute("/pages/style.css", "style.css");
  routeRegistry.registerAssetRoute("/pages/logo.svg", "images/logo.svg", { summary: "The logo" });
}
