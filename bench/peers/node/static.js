// A fixed answer to everything: what the load generator manages when the server hardly works.
import { createServer } from "node:http";

const BODY = '{"data":{"viewer":null}}';
const HEADERS = { "content-type": "application/json", "content-length": BODY.length };

createServer((request, response) => {
  request.resume();
  response.writeHead(200, HEADERS).end(BODY);
}).listen(Number(process.env.PEER_PORT), "127.0.0.1");
