// A page with a form, and a table that a migration creates.

import { add, newest } from "./notes.ts";
import { page } from "./page.tsx";

export const routes: Routes = {
  "GET /__SLUG__": async (request, env) => page(await newest(env)),

  "POST /__SLUG__": async (request, env) => {
    const form = await request.formData();
    const isAdded = await add(env, String(form.get("text") ?? ""));
    if (!isAdded) return page(await newest(env), "Please write 1 to 500 characters.");
    // A page that is loaded again must not send the form again.
    return new Response(null, { status: 303, headers: { location: "/__SLUG__" } });
  },
};
