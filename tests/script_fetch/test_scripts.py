"""What scripts of both forms see of `fetch` and of their secrets."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from contextlib import asynccontextmanager

import pytest
from tests.script_fetch.servers import Received, answering, redirecting, site

VALUE = "sk-live-4242"


@asynccontextmanager
async def echo():
    """A server that answers with what it received."""

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        body = json.dumps(
            {
                "line": request.line,
                "headers": {name.lower(): value for name, value in request.headers},
                "body": request.body.decode("latin-1"),
            }
        ).encode()
        await answering(body, "201 Created", "Content-Type: application/json", "X-A: 1", "X-A: 2")(
            request, writer
        )

    async with site(answer) as local:
        yield local


async def test_a_module_fetches_as_in_the_web(deployed, run) -> None:
    async with echo() as local:
        await deployed(
            f"""
            export const routes = {{
              "GET /hello": async () => {{
                const request = new Request("{local.url("/a?b=ü")}", {{
                  method: "put", body: new URLSearchParams({{ x: "y z" }}),
                  headers: {{ "X-Own": "1" }},
                }});
                const response = await fetch(request, {{ headers: {{ "x-other": "2" }} }});
                const copy = response.clone();
                return Response.json({{
                  kind: response instanceof Response, ok: response.ok, status: response.status,
                  text: response.statusText, url: response.url, redirected: response.redirected,
                  many: response.headers.get("x-a"), type: response.headers.get("content-type"),
                  seen: await response.json(), used: response.bodyUsed, copy: copy.url,
                  again: (await copy.text()).length > 0,
                }});
              }},
            }};
            """
        )
        answer = await run("/hello")

    found = json.loads(answer["body"])
    seen = found.pop("seen")
    assert found == {
        "kind": True,
        "ok": True,
        "status": 201,
        "text": "Created",
        "url": local.url("/a?b=%C3%BC"),
        "redirected": False,
        "many": "1, 2",
        "type": "application/json",
        "used": True,
        "copy": local.url("/a?b=%C3%BC"),
        "again": True,
    }
    assert seen["line"] == "PUT /a?b=%C3%BC HTTP/1.1"
    assert seen["body"] == "x=y+z"
    assert seen["headers"]["x-other"] == "2"
    # As in the web, other headers replace those of the request.
    assert "x-own" not in seen["headers"]


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ('"text ü"', "text ü".encode().decode("latin-1")),
        ("new Uint8Array([0, 255])", "\x00\xff"),
        ('new Blob(["blob"])', "blob"),
        ("new ReadableStream({ start(c) { c.enqueue(new Uint8Array([65])); c.close(); } })", "A"),
    ],
)
async def test_a_module_sends_bodies_of_all_kinds(deployed, run, body, sent) -> None:
    async with echo() as local:
        await deployed(
            f"""
            export const routes = {{
              "GET /hello": async () => fetch("{local.url()}", {{ method: "POST", body: {body} }}),
            }};
            """
        )
        answer = await run("/hello")

    # The answer of another server can be returned as it is.
    assert answer["status"] == 201
    assert json.loads(answer["body"])["body"] == sent


async def test_errors_of_fetch_are_type_errors_at_the_authors_line(deployed, run) -> None:
    await deployed(
        """
export const routes = {
  "GET /hello": async () => {
    const found = [];
    const urls = ["http://10.0.0.1/", "http://127.0.0.1:22/", "ftp://a.example/", "/relative"];
    for (const url of urls) {
      try { await fetch(url); } catch (error) {
        found.push([error.name, error.code ?? null, error.message, /main.js:7/.test(error.stack)]);
      }
    }
    return Response.json(found);
  },
};
"""
    )
    answer = await run("/hello")

    found = json.loads(answer["body"])
    assert [one[:2] for one in found] == [
        ["TypeError", "FORBIDDEN"],
        ["TypeError", "FORBIDDEN"],
        ["TypeError", "BAD_USER_INPUT"],
        ["TypeError", None],
    ]
    assert "not on the internet" in found[0][2]
    assert [one[3] for one in found] == [True] * 4


async def test_a_signal_aborts_a_request(deployed, run) -> None:
    left = asyncio.Event()

    async def silent(request: Received, writer: asyncio.StreamWriter) -> None:
        try:
            # Nothing comes: it ends when the engine closes the connection.
            await asyncio.wait_for(writer.wait_closed(), 30)
        finally:
            left.set()

    async with site(silent) as local:
        await deployed(
            f"""
            export const routes = {{
              "GET /hello": async () => {{
                const names = [];
                for (const signal of [AbortSignal.timeout(50), AbortSignal.abort()]) {{
                  try {{ await fetch("{local.url()}", {{ signal }}); }}
                  catch (error) {{ names.push(error.name); }}
                }}
                try {{ await fetch("{local.url()}", {{ timeout: 50 }}); }}
                catch (error) {{ names.push(error.code); }}
                return Response.json(names);
              }},
            }};
            """
        )
        answer = await run("/hello")

    assert json.loads(answer["body"]) == ["TimeoutError", "AbortError", "FETCH_TIMED_OUT"]


async def test_redirects_in_a_module(deployed, run) -> None:
    async with site(answering(b"there")) as there, site(redirecting(there.url)) as here:
        await deployed(
            f"""
            export const routes = {{
              "GET /hello": async () => {{
                const followed = await fetch("{here.url()}");
                const manual = await fetch("{here.url()}", {{ redirect: "manual" }});
                const refused = await fetch("{here.url()}", {{ redirect: "error" }})
                  .catch((error) => error.message);
                return Response.json([followed.redirected, followed.url, manual.status,
                  manual.headers.get("location"), refused]);
              }},
            }};
            """
        )
        answer = await run("/hello")

    assert json.loads(answer["body"]) == [
        True,
        there.url(),
        302,
        there.url(),
        "127.0.0.1 redirects, which the request does not allow.",
    ]


async def test_a_module_uses_secrets_without_seeing_them(deployed, run, set_secret) -> None:
    async with echo() as local:
        await deployed(
            f"""
            export const routes = {{
              "GET /hello": async (request, env) => {{
                const {{ secrets }} = env;
                const response = await fetch("{local.url()}", {{
                  method: "POST",
                  headers: {{
                    authorization: secrets.header("API_KEY"), "x-key": "{{{{API_KEY}}}}",
                  }},
                  body: JSON.stringify({{
                    real: secrets.placeholder("API_KEY"), literal: "{{{{API_KEY}}}}",
                  }}),
                }});
                const seen = await response.text();
                console.log("seen", seen);
                return Response.json({{
                  has: await secrets.has("API_KEY"), hasNot: await secrets.has("OTHER"), seen,
                }});
              }},
            }};
            """
        )
        await set_secret("API_KEY", VALUE, "127.0.0.1")
        answer = await run("/hello")

    received = local.received[0]
    assert received.header("authorization") == f"Bearer {VALUE}"
    assert received.header("x-key") == VALUE
    assert json.loads(received.body) == {"real": VALUE, "literal": "{{API_KEY}}"}
    found = json.loads(answer["body"])
    assert (found["has"], found["hasNot"]) == (True, False)
    assert VALUE not in answer["body"]
    assert VALUE not in json.dumps(answer["log"])
    assert "[secret API_KEY]" in answer["log"][0]["text"]


async def test_a_secret_does_not_leave_for_other_hosts(deployed, run, set_secret) -> None:
    async with echo() as local:
        await deployed(
            f"""
            export const routes = {{
              "GET /hello": (request, env) =>
                fetch("{local.url()}", {{ headers: {{ a: env.secrets.header("API_KEY") }} }})
                  .catch((error) => new Response(error.message)),
            }};
            """
        )
        await set_secret("API_KEY", VALUE, "api.example.org")
        answer = await run("/hello")

        assert answer["body"] == (
            "The secret API_KEY may be sent to api.example.org only; this request goes to"
            " 127.0.0.1."
        )
        assert local.connections == 0


async def test_a_module_verifies_signatures(deployed, run, set_secret) -> None:
    await deployed(
        """
        export const routes = {
          "POST /hello": async (request, env) => {
            const body = await request.bytes();
            const signature = request.headers.get("x-signature");
            return Response.json([
              await env.secrets.verifyHmac("HOOK", body, signature),
              await env.secrets.verifyHmac("HOOK", "other", signature),
              await env.secrets.verifyHmac("HOOK", body, signature, { algorithm: "sha1" }),
            ]);
          },
        };
        """
    )
    await set_secret("HOOK", VALUE)
    signature = hmac.new(VALUE.encode(), b"payload", hashlib.sha256).hexdigest()
    answer = await run(
        "/hello",
        method="POST",
        body="payload",
        headers=[{"name": "X-Signature", "value": f"sha256={signature}"}],
    )

    assert json.loads(answer["body"]) == [True, False, False]


CLASSIC = """
function show(context) {{
  const answer = JSON.parse(fetch("{url}", {{
    method: "POST", headers: {{ Authorization: "token {{{{API_KEY}}}}" }},
    body: "key={{{{API_KEY}}}}", timeout: 5000,
  }}));
  return ResponseBuilder.json({{
    answer, there: secretStorage.exists("API_KEY"), missing: secretStorage.exists("OTHER"),
    odd: secretStorage.exists("lower case"),
  }});
}}
function own(context) {{
  return ResponseBuilder.json([
    secretStorage.exists("OWN"), secretStorage.setSecret("OWN", "my own value"),
    secretStorage.exists("OWN"),
    JSON.parse(fetch("{url}", {{ headers: {{ "X-Own": "{{{{OWN}}}}" }} }})).status,
    secretStorage.removeSecret("OWN"), secretStorage.exists("OWN"), secretStorage.clear(),
  ]);
}}
function fail(context) {{ fetch("http://10.0.0.1/"); }}
function init() {{
  routeRegistry.registerRoute("/hello", "show", "GET");
  routeRegistry.registerRoute("/hello/own", "own", "GET");
  routeRegistry.registerRoute("/hello/fail", "fail", "GET");
}}
"""


async def test_a_classic_script_fetches_with_secrets(deployed, run, set_secret) -> None:
    async with echo() as local:
        await deployed(CLASSIC.format(url=local.url()))
        await set_secret("API_KEY", VALUE, "127.0.0.1")
        answer = await run("/hello")
        own = await run("/hello/own")
        failed = await run("/hello/fail")

    assert local.received[0].header("authorization") == f"token {VALUE}"
    assert local.received[0].body.decode() == f"key={VALUE}"
    found = json.loads(answer["body"])
    assert found["answer"]["status"] == 201
    assert found["answer"]["ok"] is True
    assert found["answer"]["headers"]["x-a"] == "1, 2"
    assert json.loads(found["answer"]["body"])["body"] == "key=[secret API_KEY]"
    assert (found["there"], found["missing"], found["odd"]) == (True, False, False)
    assert json.loads(own["body"]) == [
        False,
        "Secret OWN is set",
        True,
        201,
        True,
        False,
        "Secrets are removed",
    ]
    assert local.received[1].header("x-own") == "my own value"
    assert failed["status"] == 500
    assert "not on the internet" in failed["log"][0]["text"]


async def test_requests_are_lines_of_the_log_and_counted(deployed, running, run) -> None:
    async with site(answering(b"", "204 No Content")) as local:
        await deployed(
            f"""
            export const routes = {{
              "GET /hello": async () => {{
                await fetch("{local.url("/secret-path?token=1")}");
                await fetch("http://10.0.0.1/").catch(() => 0);
                return new Response(null);
              }},
            }};
            """
        )
        await run("/hello")

    await running.scripting.journal.flush()
    rows = await running.db.all("select level, text from script_log order by id")
    assert [row["level"] for row in rows] == ["debug", "debug"]
    assert re.fullmatch(r"fetch GET 127\.0\.0\.1: 204, \d+ ms", rows[0]["text"])
    assert re.fullmatch(r"fetch GET 10\.0\.0\.1: FORBIDDEN, \d+ ms", rows[1]["text"])
    counted = running.instruments.registry.get_sample_value
    name = "aiwebengine_script_fetches_total"
    assert counted(name, {"script": "hello", "answer": "2xx"}) == 1
    assert counted(name, {"script": "hello", "answer": "FORBIDDEN"}) == 1


async def test_many_requests_at_once(deployed, run) -> None:
    async with echo() as local:
        await deployed(
            f"""
            export const routes = {{
              "GET /hello": async () => {{
                const all = Array.from({{ length: 40 }}, (_, number) =>
                  fetch("{local.url()}" + number).then((answer) => answer.json()));
                const lines = (await Promise.all(all)).map((one) => one.line);
                return Response.json(new Set(lines).size);
              }},
            }};
            """
        )
        answer = await run("/hello")

    assert answer["body"] == "40"
    assert local.connections == 40
