import { ping, pong } from "./handlers.js";

function init() {
  routeRegistry.registerRoute("/ping", "ping", "GET");
  routeRegistry.registerRoute("/pong", pong, "GET");
}
