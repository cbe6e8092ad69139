// Each key of `routes` is a method and a path, each value answers its requests.

import { greeting } from "./greeting.ts";

export const routes: Routes = {
  "GET /__SLUG__": () => new Response(greeting("world")),

  "GET /__SLUG__/:name": (request, env, ctx) => {
    console.log("greeting", ctx.params.name);
    return Response.json({ greeting: greeting(ctx.params.name), requestId: ctx.requestId });
  },
};
