// A chat: one event stream for each room, and a page that reads and writes it.

import { page } from "./page.ts";

const LONGEST = 500;
// The page has no origin of its own on the engine's host, so its requests come from "null".
const EVERYBODY = { "access-control-allow-origin": "*" };

export const streams: Streams = {
  "/chat/:room/messages": () => new Response("{}", { headers: EVERYBODY }),
};

export const routes: Routes = {
  "GET /chat": () => page("lobby"),

  "GET /chat/:room": (request, env, ctx) => page(ctx.params.room),

  "POST /chat/:room": async (request, env, ctx) => {
    const text = (await request.text()).trim();
    if (!text || text.length > LONGEST) {
      return new Response(`A message has 1 to ${LONGEST} characters.\n`, { status: 400 });
    }
    await env.streams.send(`/chat/${ctx.params.room}/messages`, JSON.stringify({ text }));
    return new Response(null, { status: 204, headers: EVERYBODY });
  },
};
