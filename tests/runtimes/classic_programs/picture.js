// The smallest GIF.
const PICTURE = "R0lGODlhAQABAAAAACwAAAAAAQABAAA=";

function picture() {
  return {
    status: 200,
    contentType: "image/gif",
    bodyBase64: PICTURE,
    headers: { "Cache-Control": "max-age=60" },
  };
}

function init() {
  routeRegistry.registerRoute("/picture.gif", "picture", "GET");
}
