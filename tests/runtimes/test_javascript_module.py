"""Programs of the dialect "module": handlers with Request and Response."""

import asyncio

import pytest
from tests.runtimes.programs import running

from aiwebengine.runtimes.protocol import Kind
from aiwebengine.runtimes.types import Failed

HELLO = """
export const routes = {
  "GET /hello/:name": (request, env, ctx) => Response.json({ hello: ctx.params.name }),
};
"""


async def test_a_handler_answers_in_one_frame(tmp_path):
    async with running(tmp_path, HELLO) as program:
        call = program.open("GET /hello/:name", params={"name": "ada"})
        frame = await program.received(call)

    assert program.registrations == [
        {"kind": "route", "method": "GET", "path": "/hello/:name", "handler": "GET /hello/:name"}
    ]
    assert frame.kind is Kind.ANSWER
    assert frame.head == {"status": 200, "headers": [["content-type", "application/json"]]}
    assert frame.body == b'{"hello":"ada"}'


async def test_routes_and_events_are_registered(tmp_path):
    source = """
    export const routes = { "POST /a": f, "/any": f, "ANY /b/*": f, "PATCH /c/:id/*rest": f };
    export default { fetch: f, async scheduled() {}, message: f };
    function f() { return new Response("x"); }
    """
    async with running(tmp_path, source) as program:
        pass

    assert program.warnings == []
    assert [
        (one["kind"], one.get("method"), one.get("path"), one["handler"])
        for one in program.registrations
    ] == [
        ("route", "POST", "/a", "POST /a"),
        ("route", "*", "/any", "/any"),
        ("route", "*", "/b/*", "ANY /b/*"),
        ("route", "PATCH", "/c/:id/*rest", "PATCH /c/:id/*rest"),
        ("fetch", None, None, "fetch"),
        ("scheduled", None, None, "scheduled"),
        ("message", None, None, "message"),
    ]


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("GTE /a", 'has the method "GTE": did you mean GET?'),
        ("get /a", 'has the method "get": did you mean GET?'),
        ("GET a", 'needs a path that begins with "/"'),
        ("GET /:1", 'has ":1"'),
        ("GET /*/a", 'has "*"'),
        ("GET /:a/:a", 'has the name "a" twice'),
    ],
)
async def test_a_wrong_key_of_routes_is_reported_with_its_place(tmp_path, key, problem):
    source = f'const f = () => new Response("x");\nexport const routes = {{\n  "{key}": f }};'
    with pytest.raises(Failed) as failure:
        async with running(tmp_path, source):
            pass

    assert failure.value.message.startswith(f'the route "{key}" {problem}')
    assert (failure.value.file, failure.value.line, failure.value.column) == ("main.ts", 3, 3)


@pytest.mark.parametrize(
    "source",
    ["export const a = 1;", "export default {};", "export default () => 1;", "export default 5;"],
)
async def test_a_program_that_exports_no_handler_is_not_ready(tmp_path, source):
    with pytest.raises(Failed, match="export routes or a default object with fetch") as failure:
        async with running(tmp_path, source):
            pass

    assert failure.value.file == "main.ts"


async def test_a_misspelt_member_is_a_warning_with_a_suggestion(tmp_path):
    source = """
export const routes = {
  "GET /a": "handler",
  "GET /b": undefined,
};
export default {
  fetch: () => new Response("x"),
  shceduled() {},
};
"""
    async with running(tmp_path, source) as program:
        with pytest.raises(Failed) as failure:
            await program.call("GET /a")

    assert program.warnings == [
        {
            "message": 'the route "GET /a" has a string, not a function',
            "file": "main.ts",
            "line": 3,
            "column": 3,
        },
        {
            "message": 'the route "GET /b" has undefined, not a function',
            "file": "main.ts",
            "line": 4,
            "column": 3,
        },
        {
            "message": "the default export has an unknown member shceduled:"
            " did you mean scheduled?",
            "file": "main.ts",
            "line": 8,
            "column": 3,
        },
    ]
    assert failure.value.message == 'TypeError: the handler "GET /a" is a string, not a function'


REQUESTS = """
const seen = async (request, env, ctx) => Response.json({
  is: request instanceof Request,
  name: request.constructor.name,
  url: request.url,
  method: request.method,
  agent: request.headers.get("User-Agent"),
  several: request.headers.get("x-two"),
  text: await request.text(),
  used: request.bodyUsed,
  params: ctx.params, user: ctx.user, id: ctx.requestId, env: Object.keys(env),
});
export const routes = {
  "/seen": seen,
  "POST /json": async (request) => Response.json(await request.clone().json()),
  "POST /copy": async (request) => new Response(await new Request(request).text()),
  "POST /body": async (request) => new Response(request.body),
  "GET /none": (request) => Response.json({ body: request.body }),
  "POST /form": async (request) => {
    const form = await request.formData();
    const file = form.get("file");
    return Response.json([form.get("title"), file.name, file.type, await file.text()]);
  },
  "GET /set": (request) => {
    try { request.headers.set("x-mine", "1"); } catch (error) { return new Response(error.name); }
    return new Response(request.headers.get("x-mine"));
  },
};
"""


async def test_a_request_has_what_was_sent(tmp_path):
    async with running(tmp_path, REQUESTS) as program:
        answer = await program.call(
            "/seen",
            "http://test/seen?a=1",
            method="PUT",
            headers=[("user-agent", "curl"), ("x-two", "a"), ("X-Two", "b")],
            params={"a": "ä"},
            user={"id": "u1", "name": "Ada"},
            body="grüße".encode(),
        )

    assert answer.json == {
        "is": True,
        "name": "Request",
        "url": "http://test/seen?a=1",
        "method": "PUT",
        "agent": "curl",
        "several": "a, b",
        "text": "grüße",
        "used": True,
        "params": {"a": "ä"},
        "user": {"id": "u1", "name": "Ada"},
        "id": "request-1",
        "env": "db files graphql kv mcp messages schedule secrets streams".split(),
    }


async def test_a_request_can_be_cloned_copied_and_streamed(tmp_path):
    async with running(tmp_path, REQUESTS) as program:
        of_json = await program.call("POST /json", method="POST", body=b'{"a": [1]}')
        copied = await program.call("POST /copy", method="POST", body=b"copied")
        streamed = await program.call("POST /body", method="POST", body=b"streamed")
        without = await program.call("GET /none")

    assert of_json.json == {"a": [1]}
    assert copied.text == "copied"
    assert streamed.text == "streamed"
    assert without.json == {"body": None}


async def test_an_upload_is_a_file_of_the_form(tmp_path):
    body = (
        b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nA picture\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
        b"Content-Type: text/x-a\r\n\r\ncontent\r\n--b--\r\n"
    )
    headers = [("content-type", "multipart/form-data; boundary=b")]
    async with running(tmp_path, REQUESTS) as program:
        answer = await program.call("POST /form", method="POST", headers=headers, body=body)

    assert answer.json == ["A picture", "a.txt", "text/x-a", "content"]


RESPONSES = """
export const routes = {
  "GET /text": () => new Response("grüße"),
  "GET /empty": () => new Response(null, { status: 204 }),
  "GET /html": async () =>
    new Response("<p>", { status: 201, headers: { "Content-Type": "text/html" } }),
  "GET /late": async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return Response.json([1], { status: 202, headers: [["x-a", "1"]] });
  },
  "GET /cookies": () => {
    const response = new Response("x");
    response.headers.append("set-cookie", "a=1");
    response.headers.append("set-cookie", "b=2, c");
    return response;
  },
  "GET /bytes": () => new Response(new Uint8Array([0, 255, 1])),
  "GET /clone": () => new Response("cloned", { status: 203 }).clone(),
  "GET /redirect": () => Response.redirect("http://test/there", 303),
  "GET /form": () => { const f = new FormData(); f.set("a", "1"); return new Response(f); },
  "GET /is": () => {
    class Mine extends Response {}
    return Response.json([
      new Response("x").clone() instanceof Response, new Mine() instanceof Mine,
      new Response("x") instanceof Mine, {} instanceof Response,
      Object.keys(Response).length, typeof Response.send,
    ]);
  },
};
"""


async def test_every_kind_of_response_arrives(tmp_path):
    async with running(tmp_path, RESPONSES) as program:
        text = await program.call("GET /text")
        empty = await program.call("GET /empty")
        html = await program.call("GET /html")
        late = await program.call("GET /late")
        cookies = await program.call("GET /cookies")
        data = await program.call("GET /bytes")
        clone = await program.call("GET /clone")
        redirect = await program.call("GET /redirect")
        form = await program.call("GET /form")

    assert (text.text, text.header("content-type")) == ("grüße", "text/plain;charset=UTF-8")
    assert (empty.status, empty.headers, empty.body) == (204, [], b"")
    assert (html.status, html.header("content-type"), html.text) == (201, "text/html", "<p>")
    assert (late.status, late.json, late.header("x-a")) == (202, [1], "1")
    assert late.header("content-type") == "application/json"
    assert [value for name, value in cookies.headers if name == "set-cookie"] == ["a=1", "b=2, c"]
    assert (data.body, data.headers) == (b"\0\xff\1", [])
    assert (clone.status, clone.text) == (203, "cloned")
    assert (redirect.status, redirect.header("location")) == (303, "http://test/there")
    assert "multipart/form-data" in (form.header("content-type") or "")
    assert b'name="a"' in form.body


async def test_instanceof_response_is_true_for_all_of_them(tmp_path):
    async with running(tmp_path, RESPONSES) as program:
        answer = await program.call("GET /is")

    assert answer.json == [True, True, False, False, 0, "undefined"]


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        ("undefined", "undefined"),
        ('"text"', "a string"),
        ("null", "null"),
        ("{ status: 200 }", "an object"),
        ("new Map()", "a Map"),
        ("Promise.resolve(7)", "a number"),
    ],
)
async def test_a_result_that_is_no_response_fails(tmp_path, result, kind):
    source = f'export const routes = {{ "GET /": () => ({result}) }};'
    async with running(tmp_path, source) as program:
        with pytest.raises(Failed) as failure:
            await program.call("GET /")

    assert failure.value.message == f"TypeError: answered {kind}, not a Response"


async def test_default_fetch_is_called_on_its_object(tmp_path):
    source = """
    class Application {
      #text = "private";
      other() {}
      fetch(request, env, ctx) { return new Response(`${this.#text} ${ctx.params === undefined}`); }
    }
    export default new Application();
    """
    async with running(tmp_path, source) as program:
        answer = await program.call("fetch")

    assert program.warnings == []
    assert answer.text == "private false"


async def test_scheduled_is_called_with_the_head(tmp_path):
    source = """
    export default { async scheduled(event, env, ctx) { console.log("at", event.scheduledTime); } };
    """
    async with running(tmp_path, source) as program:
        call = program.open("scheduled", type="scheduled")
        frame = await program.received(call)

    assert frame.kind is Kind.ANSWER
    assert [(line.call, line.text) for line in program.logs] == [
        (call, "at 2023-11-14T22:13:20.000Z")
    ]


async def test_an_answer_that_is_too_large_fails_and_nothing_else(tmp_path):
    source = """
    export const routes = {
      "GET /large": () => new Response("x".repeat(70_000)),
      "GET /bytes": () => new Response(new Uint8Array(60_001)),
      "GET /fits": () => new Response("x".repeat(60_000)),
    };
    """
    async with running(tmp_path, source, max_answer=60_000) as program:
        with pytest.raises(Failed, match="has 70000 bytes or more; at most 60000 are sent"):
            await program.call("GET /large")
        with pytest.raises(Failed, match="60001"):
            await program.call("GET /bytes")
        fits = await program.call("GET /fits")

    assert len(fits.body) == 60_000


async def test_frames_of_all_sizes_arrive_whole(tmp_path):
    source = """
    export const routes = {
      "POST /": async (request) => new Response(await request.bytes()),
      "POST /text": async (request) => new Response(await request.text()),
    };
    """
    bodies = [bytes([n % 251]) * size for n, size in enumerate(SIZES)]
    async with running(tmp_path, source) as program:
        calls = [program.open("POST /", method="POST", body=body) for body in bodies]
        answers = [await program.answer(call) for call in calls]
        texts = [
            await program.call("POST /text", method="POST", body=b"\xc3\xa4" * (size // 2))
            for size in SIZES
        ]

    assert [answer.body for answer in answers] == bodies
    assert [text.text for text in texts] == ["ä" * (size // 2) for size in SIZES]


SIZES = [0, 1, 1_000, 65_000, 65_300, 65_519, 65_536, 70_000, 131_072, 262_144, 300_000, 2_000_000]


async def test_many_calls_run_at_once(tmp_path):
    source = """
    let running = 0, most = 0;
    export const routes = {
      "GET /": async (request, env, ctx) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 20));
        running--;
        return Response.json({ most, n: ctx.params.n });
      },
    };
    """
    async with running(tmp_path, source) as program:
        answers = await asyncio.gather(
            *(program.call("GET /", params={"n": str(n)}) for n in range(200))
        )

    assert [answer.json["n"] for answer in answers] == [str(n) for n in range(200)]
    assert max(answer.json["most"] for answer in answers) > 1
