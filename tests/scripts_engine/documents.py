"""GraphQL documents about a script called `hello`."""

HELLO = """
export const routes = {
  "GET /hello/:name": (request, env, ctx) => {
    console.warn("greeting", ctx.params.name);
    return new Response(`Hello ${ctx.params.name}`, { headers: { "x-own": "1" } });
  },
  "POST /hello": async (request) => new Response(await request.text(), { status: 201 }),
  "GET /fails": () => { throw new Error("no luck"); },
  "GET /bytes": () => new Response(new Uint8Array([255, 0, 1])),
  "GET /large": () => new Response("ä".repeat(800_000)),
  "GET /me": (request, env, ctx) => Response.json({ user: ctx.user, sent: [...request.headers] }),
  "GET /headers": (request) => Response.json(Object.fromEntries(request.headers)),
};
"""
SAVE = """
  mutation ($files: [ScriptFileInput!]!, $base: Int, $slug: String = "hello") {
    saveScript(input: {slug: $slug, files: $files, baseVersion: $base, message: "more"}) {
      changed version { number message files { path } } script { newestVersion state }
    }
  }
"""
DEPLOY = """
  mutation ($version: Int) {
    deployScript(input: {slug: "hello", version: $version}) {
      version changed routes { method path } diagnostics { message } script { state }
    }
  }
"""
RUN = """
  mutation ($input: RunScriptInput!) {
    runScript(input: $input) {
      requestId version status headers { name value } body bodyBase64 bodySize isTruncated
      milliseconds log { level text file line column }
    }
  }
"""


def main(source):
    """The files of a version that has one."""
    return [{"path": "main.ts", "text": source}]
