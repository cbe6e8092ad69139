// Drafts that are larger than a request of GraphQL may be.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

// Modules of pages find these in a browser. A real channel to other tabs would keep Node running.
Object.assign(globalThis, {
  BroadcastChannel: undefined,
  location: new URL("http://localhost/engine/editor"),
  WebSocket: class {},
});
const { draftServer } = await import("../editor/history/drafts.js");

const { fetch } = globalThis;
afterEach(() => {
  globalThis.fetch = fetch;
});

test("a large draft is sent by REST", async () => {
  /** @type {[string, RequestInit][]} */
  const sent = [];
  globalThis.fetch = async (address, options) => {
    sent.push([String(address), options ?? {}]);
    return Response.json({ revision: 7 });
  };
  const files = [
    { path: "a.ts", text: "x".repeat(2_000_000) },
    { path: "b.png", base64: "AAEC" },
    { path: "empty.ts", text: "" },
    { path: "gone.ts", removed: true },
  ];
  const change = { baseVersion: 3, files, unchanged: ["same.ts"], revision: 6 };

  assert.equal(await draftServer("a b").save(change), 7);

  const [[address, { method, body }]] = sent;
  assert.deepEqual([address, method], ["/api/engine/scripts/a%20b/draft", "PUT"]);
  assert.deepEqual(JSON.parse(String(body)), {
    baseVersion: 3,
    unchanged: ["same.ts"],
    revision: 6,
    files: {
      "a.ts": files[0]?.text,
      "b.png": { base64: "AAEC" },
      "empty.ts": "",
      "gone.ts": null,
    },
  });
});

test("a large draft that another window has changed is refused as a small one is", async () => {
  globalThis.fetch = async () =>
    Response.json({ detail: "It was changed.", code: "CONFLICT" }, { status: 409 });
  const files = [{ path: "a.ts", text: "x".repeat(2_000_000) }];
  const change = { baseVersion: 3, files, unchanged: [], revision: 6 };

  await assert.rejects(draftServer("a").save(change), { code: "CONFLICT" });
});
