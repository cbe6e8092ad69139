import { routes, stored } from "./main.ts";

test("a delivery counts once", async (env) => {
  expect(await stored(env, "delivery:1", "{}")).toBe(true);
  expect(await stored(env, "delivery:1", "{}")).toBe(false);
});

test("without the right signature nothing is received", async (env) => {
  const request = new Request("http://localhost/webhook", {
    method: "POST",
    headers: { "x-hub-signature-256": "sha256=00", "x-delivery": "2" },
    body: "{}",
  });
  const answer = await routes["POST /webhook"](request, env, {} as Context);

  // 503 until somebody sets the secret.
  expect([401, 503]).toContain(answer.status);
  expect(await env.kv.get("delivery:2")).toBe(null);
});
