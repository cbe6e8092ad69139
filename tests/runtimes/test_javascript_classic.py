"""Programs of the dialect "classic": init(), handlers by name, and globals."""

import json

import pytest
from tests.runtimes.programs import running as running_program

from aiwebengine.runtimes.protocol import Kind
from aiwebengine.runtimes.types import Failed
from aiwebengine.scripts.routes import RESERVED


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


async def test_each_path_of_the_engine_is_refused_where_it_is_registered(tmp_path):
    source = f"""
function f() {{}}
function init() {{
  for (const path of {json.dumps(RESERVED)}) {{
    try {{
      routeRegistry.registerRoute(path + "/below", "f");
    }} catch {{
      continue;
    }}
    routeRegistry.registerRoute("/registered" + path, "f");
  }}
}}
"""
    async with running(tmp_path, source) as program:
        assert program.registrations == []


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
