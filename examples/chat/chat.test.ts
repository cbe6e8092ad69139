import { routes } from "./main.ts";
import { escaped } from "./page.ts";

const send = (env: Env, text: string) =>
  routes["POST /chat/:room"](
    new Request("http://localhost/chat/lobby", { method: "POST", body: text }),
    env,
    { params: { room: "lobby" } } as unknown as Context,
  );

test("messages are sent", async (env) => {
  expect((await send(env, "hello")).status).toBe(204);
});

test("empty and long messages are refused", async (env) => {
  expect((await send(env, "  ")).status).toBe(400);
  expect((await send(env, "x".repeat(501))).status).toBe(400);
});

test("the name of a room is text", () => {
  expect(escaped("<script>")).toBe("&#60;script&#62;");
});
