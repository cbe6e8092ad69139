// A guestbook: a page with a form, and a table that a migration creates.

import { add, newest } from "./entries.ts";
import { page } from "./page.tsx";

const PROBLEM = "Please write a name of at most 60 characters and a text of at most 500.";

export const routes: Routes = {
  "GET /guestbook": async (request, env) => page(await newest(env), null),

  "POST /guestbook": async (request, env) => {
    const form = await request.formData();
    const entry = await add(env, String(form.get("name") ?? ""), String(form.get("text") ?? ""));
    if (entry === null) return page(await newest(env), PROBLEM);
    // A page that is loaded again must not send the form again.
    return new Response(null, { status: 303, headers: { location: "/guestbook" } });
  },
};
