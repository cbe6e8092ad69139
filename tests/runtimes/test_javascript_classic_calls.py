"""Requests and answers of the dialect "classic"."""

import base64

import pytest
from tests.runtimes.programs import running as running_program

from aiwebengine.runtimes.protocol import Kind
from aiwebengine.runtimes.types import Failed


def running(folder, files, **options):
    if isinstance(files, str):
        files = {"main.js": files}
    return running_program(folder, files, dialect="classic", **options)


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
