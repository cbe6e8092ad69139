"""Programs of the dialect "classic": init(), handlers by name, and globals."""

import base64
import json

import pytest
from tests.runtimes.programs import running as running_program

from aiwebengine.runtimes.protocol import Kind
from aiwebengine.runtimes.types import Failed


def running(folder, files, **options):
    if isinstance(files, str):
        files = {"main.js": files}
    return running_program(folder, files, dialect="classic", **options)


HELLO = """
function hello(context) {
  return ResponseBuilder.text("Hello " + context.request.params.name);
}
function init() {
  routeRegistry.registerRoute("/hello/:name", "hello", "GET");
}
"""


async def test_a_named_handler_answers_in_one_frame(tmp_path):
    async with running(tmp_path, HELLO) as program:
        call = program.open("hello", params={"name": "Ada"})
        frame = await program.received(call)

    assert program.registrations == [
        {"kind": "route", "method": "GET", "path": "/hello/:name", "handler": "hello"}
    ]
    assert program.warnings == []
    assert (frame.kind, frame.body) == (Kind.ANSWER, b"Hello Ada")
    assert frame.head == {
        "status": 200,
        "headers": [["content-type", "text/plain; charset=UTF-8"]],
    }


async def test_everything_that_can_be_registered(tmp_path):
    source = """
const f = () => ResponseBuilder.noContent();
const resolver = f;
function init(context) {
  console.log(context.kind, JSON.stringify(context));
  console.log(routeRegistry.registerRoute("/a", f, "post", { summary: "A" }));
  routeRegistry.registerRoute("/b", () => ResponseBuilder.text("b"));
  routeRegistry.registerRoute("/b", () => ResponseBuilder.text("c"), "PUT");
  routeRegistry.registerAssetRoute("/logo.svg", "logo.svg");
  routeRegistry.registerStreamRoute("/events");
  routeRegistry.registerStreamRoute("/mine", "f");
  graphQLRegistry.registerQuery("count", "type Query { count: Int }", "resolver", "external");
  graphQLRegistry.registerMutation("add", "type Mutation { add: Int }", "resolver");
  graphQLRegistry.registerSubscription("added", "type Subscription { added: Int }", "resolver");
  mcpRegistry.registerTool("tool", "A tool", "{}", "f");
  mcpRegistry.registerPrompt("prompt", "A prompt", "[]", "f");
  schedulerService.registerOnce({ handler: "f", runAt: "2030-01-01T00:00:00Z", name: "one" });
  schedulerService.registerRecurring({ handler: "f", intervalMilliseconds: 1000 });
  dispatcher.registerListener("user.created", "f");
}
"""
    async with running(tmp_path, source) as program:
        answers = [(await program.call(name)).text for name in ("f", "handler", "handler 2")]

    assert program.warnings == []
    assert [line.text for line in program.logs] == [
        'init {"request":null,"args":{},"kind":"init","invocationType":"init",'
        '"invocationId":"init","metadata":{}}',
        "route POST /a registered",
    ]
    assert answers == ["", "b", "c"]
    assert program.registrations == [
        {
            "kind": "route",
            "method": "POST",
            "path": "/a",
            "meta": {"summary": "A"},
            "handler": "f",
        },
        {"kind": "route", "method": "GET", "path": "/b", "handler": "handler"},
        {"kind": "route", "method": "PUT", "path": "/b", "handler": "handler 2"},
        {"kind": "asset", "path": "/logo.svg", "asset": "logo.svg"},
        {"kind": "stream", "path": "/events"},
        {"kind": "stream", "path": "/mine", "handler": "f"},
        {
            "kind": "query",
            "name": "count",
            "sdl": "type Query { count: Int }",
            "visibility": "external",
            "handler": "resolver",
        },
        {
            "kind": "mutation",
            "name": "add",
            "sdl": "type Mutation { add: Int }",
            "handler": "resolver",
        },
        {
            "kind": "subscription",
            "name": "added",
            "sdl": "type Subscription { added: Int }",
            "handler": "resolver",
        },
        {
            "kind": "tool",
            "name": "tool",
            "description": "A tool",
            "schema": "{}",
            "handler": "f",
        },
        {
            "kind": "prompt",
            "name": "prompt",
            "description": "A prompt",
            "args": "[]",
            "handler": "f",
        },
        {"kind": "once", "handler": "f", "runAt": "2030-01-01T00:00:00Z", "name": "one"},
        {"kind": "recurring", "handler": "f", "intervalMilliseconds": 1000},
        {"kind": "listener", "type": "user.created", "handler": "f"},
    ]


async def test_an_unknown_handler_is_a_warning_with_the_closest_name(tmp_path):
    source = """
function showUsers() {}
function init() {
  routeRegistry.registerRoute("/users", "showUser", "GET");
  routeRegistry.registerRoute("/other", "nothingLikeIt");
}
routeRegistry.registerRoute("/early", "showUsers");
"""
    async with running(tmp_path, source) as program:
        with pytest.raises(Failed, match='the handler "showUser" is not a function'):
            await program.call("showUser")

    assert [(one["message"], one["file"], one["line"]) for one in program.warnings] == [
        ("route GET /early is not registered: only init() registers", "main.js", 7),
        (
            'route GET /users names the handler "showUser", which is not a function:'
            " did you mean showUsers?",
            "main.js",
            4,
        ),
        (
            'route GET /other names the handler "nothingLikeIt", which is not a function',
            "main.js",
            5,
        ),
    ]
    assert [one["path"] for one in program.registrations] == ["/users", "/other"]


@pytest.mark.parametrize(
    ("route", "message"),
    [
        ('"/engine/users", "f"', 'Error: the path "/engine/users" is reserved: /engine'),
        ('"/scripts", "f"', 'the path "/scripts" is reserved: /scripts'),
        ('"hello", "f"', 'TypeError: the path "hello" must begin with "/"'),
        ('"/hello", "f", "GETT"', 'TypeError: the method "GETT" is unknown'),
    ],
)
async def test_a_route_that_can_not_be_served_throws(tmp_path, route, message):
    source = f"function f() {{}}\nfunction init() {{ routeRegistry.registerRoute({route}); }}"
    with pytest.raises(Failed) as failure:
        async with running(tmp_path, source):
            pass

    assert failure.value.message.startswith(message.removeprefix("Error: "))
    assert (failure.value.file, failure.value.line) == ("main.js", 2)


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("function hello() {}", "init() is missing; or export routes", None),
        ("function init() {\n  undefinedName();\n}", "ReferenceError: undefinedName", 2),
        ("async function init() {\n  throw new Error('late');\n}", "late", 2),
        ("function init() {\n", "SyntaxError", None),
    ],
)
async def test_a_program_that_can_not_start_is_not_ready(tmp_path, source, message, line):
    with pytest.raises(Failed) as failure:
        async with running(tmp_path, source):
            pass

    assert failure.value.message.startswith(message)
    assert failure.value.file == "main.js"
    assert line in (None, failure.value.line)


ECHO = """
function echo(context) { return ResponseBuilder.json(context.request); }
function context_(context) {
  const { request, ...rest } = context;
  return ResponseBuilder.json(rest);
}
function who(context) {
  const user = context.request.auth.requireAuth();
  return ResponseBuilder.json({ user, auth: context.request.auth });
}
function init() { routeRegistry.registerRoute("/", "echo", "POST"); }
"""


async def test_the_request_is_flat(tmp_path):
    async with running(tmp_path, ECHO) as program:
        answer = await program.call(
            "echo",
            "http://test/a%20b?q=1&q=2&w=%C3%A4+b",
            method="POST",
            headers=[("Content-Type", "application/json"), ("X-Two", "a"), ("x-two", "b")],
            params={"id": "7"},
            body=b'{"n": 1}',
        )

    assert answer.json == {
        "path": "/a%20b",
        "url": "http://test/a%20b?q=1&q=2&w=%C3%A4+b",
        "method": "POST",
        "headers": {"content-type": "application/json", "x-two": "a, b"},
        "query": {"q": "2", "w": "ä b"},
        "params": {"id": "7"},
        "form": {},
        "body": '{"n": 1}',
        "files": [],
        "auth": {
            "isAuthenticated": False,
            "isAdmin": False,
            "isEditor": False,
            "userId": None,
            "userEmail": None,
            "userName": None,
            "provider": None,
            "user": None,
        },
    }


async def test_the_context_describes_the_call(tmp_path):
    async with running(tmp_path, ECHO) as program:
        answer = await program.call("context_")

    assert answer.json == {
        "args": {},
        "kind": "httpRoute",
        "invocationType": "httpRoute",
        "invocationId": "request-1",
        "metadata": {},
    }


async def test_a_form_is_parsed(tmp_path):
    headers = [("content-type", "application/x-www-form-urlencoded; charset=UTF-8")]
    async with running(tmp_path, ECHO) as program:
        answer = await program.call(
            "echo", method="POST", headers=headers, body=b"name=Ada+L&note=%C3%BC&empty="
        )

    assert answer.json["form"] == {"name": "Ada L", "note": "ü", "empty": ""}


@pytest.mark.parametrize("streams", [False, True])
async def test_uploads_are_files_as_base64(tmp_path, streams):
    content = bytes(range(256)) * 300
    body = (
        b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nA picture\r\n'
        b'--b\r\nContent-Disposition: form-data; name="picture"; filename="a b.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + content + b"\r\n--b--\r\n"
    )
    headers = [("content-type", "multipart/form-data; boundary=b")]
    async with running(tmp_path, ECHO) as program:
        first = body[:1000] if streams else body
        call = program.open("echo", method="POST", headers=headers, body=first, streams=streams)
        if streams:
            program.send(Kind.INPUT, call, body=body[1000:50_000])
            program.send(Kind.INPUT, call, body=body[50_000:])
            program.send(Kind.INPUT_END, call)
        answer = await program.answer(call)

    assert answer.json["form"] == {"title": "A picture"}
    assert answer.json["files"] == [
        {
            "field": "picture",
            "filename": "a b.png",
            "contentType": "image/png",
            "size": len(content),
            "base64": base64.b64encode(content).decode(),
        }
    ]


async def test_a_body_that_streams_is_collected(tmp_path):
    async with running(tmp_path, ECHO) as program:
        call = program.open("echo", method="POST", streams=True, body=b"on")
        program.send(Kind.INPUT, call, body=b"e two")
        program.send(Kind.INPUT_END, call)
        answer = await program.answer(call)

    assert answer.json["body"] == "one two"


async def test_require_auth_returns_the_user_or_answers_401(tmp_path):
    user = {
        "id": "u1",
        "name": "Ada",
        "email": "ada@example.org",
        "provider": "github",
        "roles": ["ADMINISTRATOR"],
    }
    async with running(tmp_path, ECHO) as program:
        nobody = await program.call("who")
        ada = await program.call("who", user=user)

    assert (nobody.status, nobody.json) == (401, {"error": "Authentication required"})
    assert ada.json["user"] == user
    assert ada.json["auth"]["isAdmin"]
    assert ada.json["auth"]["isEditor"]
    assert ada.json["auth"]["userEmail"] == "ada@example.org"


ANSWERS = """
const answers = {
  json: () => ResponseBuilder.json({ a: 1 }, 201),
  html: () => ResponseBuilder.html("<p>ü"),
  error: () => ResponseBuilder.error(404, "no such thing"),
  none: () => ResponseBuilder.noContent(),
  redirect: () => ResponseBuilder.redirect("/there"),
  raw: () => ({ status: 202, body: "raw", contentType: "text/css", headers: { "X-A": 1 } }),
  object: () => ({ body: { a: [1] } }),
  binary: () => ({ bodyBase64: "AP8B", contentType: "image/png" }),
  cookies: () => ({ status: 200, body: "", headers: { "Set-Cookie": ["a=1", "b=2"] } }),
  type: () => ({ body: "a,b", contentType: "text/plain", headers: { "Content-Type": "text/csv" } }),
  text: () => "just text",
  later: async () => { await null; return ResponseBuilder.text("later"); },
  response: () => new Response("standard", { status: 203 }),
};
const { json, html, error, none, redirect, raw, object, binary, cookies, type, text, later,
  response } = answers;
const nothing = () => {}, empty = () => ({}), number = () => 7, strange = () => ({ status: 99 });
function init() {}
"""


async def test_every_kind_of_answer(tmp_path):
    names = "json html error none redirect raw object binary cookies type text later response"
    async with running(tmp_path, ANSWERS) as program:
        answers = {name: await program.call(name) for name in names.split()}

    assert (answers["json"].status, answers["json"].json) == (201, {"a": 1})
    assert answers["json"].header("content-type") == "application/json"
    assert answers["html"].text == "<p>ü"
    assert answers["html"].header("content-type") == "text/html; charset=UTF-8"
    assert (answers["error"].status, answers["error"].json) == (404, {"error": "no such thing"})
    assert (answers["none"].status, answers["none"].headers) == (204, [])
    assert (answers["redirect"].status, answers["redirect"].headers) == (
        302,
        [("Location", "/there")],
    )
    assert (answers["raw"].status, answers["raw"].text) == (202, "raw")
    assert answers["raw"].headers == [("X-A", "1"), ("content-type", "text/css")]
    assert answers["object"].json == {"a": [1]}
    assert answers["object"].header("content-type") == "application/json"
    assert answers["binary"].body == b"\0\xff\1"
    assert [value for name, value in answers["cookies"].headers if name == "Set-Cookie"] == [
        "a=1",
        "b=2",
    ]
    assert answers["type"].headers == [("Content-Type", "text/csv")]
    assert answers["text"].text == "just text"
    assert answers["later"].text == "later"
    assert (answers["response"].status, answers["response"].text) == (203, "standard")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "TypeError: answered undefined: return ResponseBuilder"),
        ("empty", "TypeError: answered an object: return ResponseBuilder"),
        ("number", "TypeError: answered a number"),
        ("strange", "TypeError: answered with the status 99; use 200 to 599"),
    ],
)
async def test_what_is_no_answer_fails(tmp_path, name, message):
    async with running(tmp_path, ANSWERS) as program:
        with pytest.raises(Failed) as failure:
            await program.call(name)

    assert failure.value.message.startswith(message)


async def test_services_that_do_not_exist_yet_say_so(tmp_path):
    source = """
function attempt(act) { try { return act(); } catch (error) { return error.message; } }
function all() {
  return ResponseBuilder.json([
    attempt(() => sharedStorage.getItem("a")), attempt(() => personalStorage.clear()),
    attempt(() => secretStorage.exists("a")), attempt(() => assetStorage.listAssets()),
    attempt(() => fetch("http://a/")), attempt(() => dispatcher.sendMessage("a", {})),
    attempt(() => convert.markdown_to_html("# a")), attempt(() => McpClient.constructor("a", "b")),
    attempt(() => graphQLRegistry.executeGraphQL("{ a }")),
    attempt(() => routeRegistry.sendStreamMessage("/a", {})),
    JSON.parse(database.query("t")), JSON.parse(database.beginTransaction()),
    convert.atob(convert.btoa("text")), schedulerService.clearAll(),
  ]);
}
function init() {}
"""
    async with running(tmp_path, source) as program:
        answer = await program.call("all")

    assert answer.json == [
        *(
            f"{name} is not available yet"
            for name in (
                "sharedStorage.getItem",
                "personalStorage.clear",
                "secretStorage.exists",
                "assetStorage.listAssets",
                "fetch",
                "dispatcher.sendMessage",
                "convert.markdown_to_html",
                "McpClient.constructor",
                "graphQLRegistry.executeGraphQL",
                "routeRegistry.sendStreamMessage",
            )
        ),
        {"error": "database.query is not available yet"},
        {"error": "database.beginTransaction is not available yet"},
        "text",
        "cleared",
    ]


async def test_errors_have_the_line_of_the_typescript(tmp_path):
    files = {
        "main.ts": """interface Context { request: { params: Record<string, string> } }

type Unused = { a: 1 };
import { fail } from "./lib.ts";
function broken(context: Context): never { return fail(context.request.params.n); }
function init(): void { routeRegistry.registerRoute("/", "broken"); }
// the last line has no end""",
        "lib.ts": """export interface Nothing { a: 1 }
export function fail(n: string): never {
  throw new Error(`failed ${n}`);
}
""",
    }
    async with running(tmp_path, files) as program:
        with pytest.raises(Failed) as failure:
            await program.call("broken", params={"n": "7"})

    assert (failure.value.message, failure.value.file, failure.value.line) == (
        "failed 7",
        "lib.ts",
        3,
    )
    assert failure.value.stack.splitlines()[1:] == [
        "    at fail (lib.ts:3:9)",
        "    at broken (main.ts:5:51)",
    ]


async def test_a_handlers_name_is_a_name_and_not_code(tmp_path):
    async with running(tmp_path, HELLO) as program:
        for name in ("console.log(1)", "hello;", "", "init()", "__proto__"):
            with pytest.raises(Failed, match="is not a function"):
                await program.call(name)

    assert program.logs == []
    assert json.dumps(program.registrations).count("hello") == 2
