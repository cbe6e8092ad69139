// A JSON API: tasks that are listed, added, changed and removed.

import { add, change, list, remove } from "./tasks.ts";

const missing = () => Response.json({ error: "There is no such task." }, { status: 404 });

export const routes: Routes = {
  "GET /__SLUG__": async (request, env) => Response.json({ tasks: await list(env) }),

  "POST /__SLUG__": async (request, env) => {
    const { title } = await request.json();
    if (typeof title !== "string" || !title.trim() || title.length > 200)
      return Response.json({ error: "title: allowed are 1 to 200 characters." }, { status: 400 });
    return Response.json(await add(env, title.trim()), { status: 201 });
  },

  "PATCH /__SLUG__/:id": async (request, env, ctx) => {
    const { done } = await request.json();
    const task = await change(env, ctx.params.id, done === true);
    return task ? Response.json(task) : missing();
  },

  "DELETE /__SLUG__/:id": async (request, env, ctx) =>
    (await remove(env, ctx.params.id)) ? new Response(null, { status: 204 }) : missing(),
};
