"""Small programs in the style of the classic interface, each loaded and called unchanged."""

from pathlib import Path

import pytest
from tests.runtimes.programs import running

from aiwebengine.runtimes.types import Failed

FOLDER = Path(__file__).parent / "classic_programs"
ADA = {
    "id": "u1",
    "name": "Ada",
    "email": "ada@example.org",
    "provider": "github",
    "roles": ["ADMINISTRATOR"],
}
ALAN = {**ADA, "name": "Alan", "email": "alan@example.org", "roles": []}
FORM = [("content-type", "application/x-www-form-urlencoded")]
MULTIPART = [("content-type", "multipart/form-data; boundary=b")]
UPLOAD = (
    b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nTwo files\r\n'
    b'--b\r\nContent-Disposition: form-data; name="a"; filename="a.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nfirst file\r\n"
    b'--b\r\nContent-Disposition: form-data; name="b"; filename="b.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\nsecond\r\n--b--\r\n"
)


def get(handler, url="/", **call):
    return (handler, f"http://test{url}", call)


def post(handler, body=b"", **call):
    return (handler, "http://test/", {"method": "POST", "body": body, **call})


# For each program: calls, the status of each answer and a part of its body.
CALLS = {
    "hello.js": [
        (get("hello"), 200, "Hello world"),
        (get("hello", "/hello?name=Ada"), 200, "Hello Ada"),
    ],
    "greeting_page.js": [(get("page"), 200, "<h1>Greetings</h1>")],
    "guestbook.js": [
        (post("sign", b"name=", headers=FORM), 400, "name is missing"),
        (post("sign", b"name=Ada&text=%3Cb%3E", headers=FORM), 302, ""),
        (get("show"), 200, "<li>Ada: &lt;b></li>"),
    ],
    "calculator.js": [
        (get("calculate", "/?a=2&b=3&operation=times"), 200, '{"result":6}'),
        (get("calculate", "/?a=x&b=3&operation=times"), 400, "not a number"),
        (get("calculate", "/?a=2&b=3&operation=minus"), 422, "unknown operation minus"),
    ],
    "contact_form.js": [
        (post("receive", b"name=Ada", headers=FORM), 422, '{"missing":["email","message"]}'),
        (post("receive", b"name=Ada&email=a&message=b", headers=FORM), 201, "Thank you, Ada"),
    ],
    "upload.js": [
        (
            post("upload", UPLOAD, headers=MULTIPART),
            201,
            '{"title":"Two files","files":[{"field":"a","name":"a.txt","type":"text/plain",'
            '"size":10,"start":"firs"},{"field":"b","name":"b.bin",'
            '"type":"application/octet-stream","size":6,"start":"seco"}]}',
        )
    ],
    "picture.js": [(get("picture"), 200, "GIF89a")],
    "short_links.js": [
        (get("follow", params={"name": "docs"}), 302, ""),
        (get("follow", params={"name": "x"}), 404, "no such link"),
        (get("list"), 200, '["docs","home"]'),
    ],
    "todo_api.js": [
        (post("create", b"{"), 400, "not JSON: SyntaxError"),
        (post("create", b'{"title":"Write"}'), 201, '{"id":1,"title":"Write","done":false}'),
        (post("change", b'{"done":true}', method="PUT", params={"id": "1"}), 200, '"done":true'),
        (get("list"), 200, '[{"id":1,"title":"Write","done":true}]'),
        (post("remove", method="DELETE", params={"id": "1"}), 204, ""),
        (post("remove", method="DELETE", params={"id": "1"}), 404, "no such todo"),
    ],
    "members_only.js": [
        (get("members"), 401, "Authentication required"),
        (get("members", user=ALAN), 200, "Welcome Alan"),
        (get("administrators"), 302, ""),
        (get("administrators", user=ALAN), 403, "alan@example.org is no administrator"),
        (
            get("administrators", user=ADA),
            200,
            '{"id":"u1","provider":"github","editor":true}',
        ),
    ],
    "tsx_page.tsx": [
        (
            get("page"),
            200,
            '<table><tr><td>Pen</td><td style="text-align:right">2.00</td></tr>'
            '<tr class="expensive"><td>Book</td>',
        )
    ],
    "jsx_form.jsx": [
        (
            get("form"),
            200,
            '<label for="email">Your address</label><input id="email" name="email" required>',
        )
    ],
    "several_files": [
        (get("show", params={"id": "7"}), 200, "Lamp: 29.99 €"),
        (get("show", params={"id": "8"}), 404, "no such product"),
    ],
    "imported_handlers": [(get("ping"), 200, "ping"), (get("pong"), 200, "pong")],
    "arrow_handlers.js": [
        (get("first"), 200, "first"),
        (get("second"), 200, "second"),
        (get("third"), 200, '{"third":"GET"}'),
    ],
    "async_handler.js": [(get("slow"), 200, '{"parts":[1,4,9],"id":"request-1"}')],
    "csv_export.js": [(get("download"), 200, 'Ada,"says ""hi"""\r\nBob,"a, b"')],
    "webhook.js": [
        (post("receive"), 400, "X-Event is missing"),
        (
            post("receive", b'{"a":1}', headers=[("X-Event", "push")]),
            202,
            '{"received":"push","keys":["a"]}',
        ),
    ],
    "wildcard.js": [
        (
            get("files", "/files/a/b.txt", params={"*": "a/b.txt"}),
            200,
            '{"path":"/files/a/b.txt","params":{"*":"a/b.txt"}}',
        )
    ],
    "cookies.js": [
        (get("read"), 200, '{"visits":1}'),
        (get("read", headers=[("Cookie", "a=b; visits=4")]), 200, '{"visits":5}'),
    ],
    "state_machine.ts": [
        (post("advance"), 200, '{"state":"sent"}'),
        (post("advance"), 200, '{"state":"paid"}'),
        (post("advance"), "I-1 is paid already", 20),
    ],
    "search.js": [
        (get("search", "/?q=TA"), 200, '{"total":2,"items":["beta","delta"]}'),
        (get("search", "/?page=3"), 200, '{"total":5,"items":["epsilon"]}'),
    ],
    "methods.js": [(get("any", method=method), 200, method) for method in ("GET", "PATCH")],
    "statistics.js": [
        (post("statistics", b"[1,2,3]"), 200, '{"sum":6,"mean":2,"deviation":0.81'),
        (post("statistics", b"{}"), "TypeError: the body is not a list", 3),
    ],
    "assets_and_streams.js": [(get("index"), 200, "/chat/style.css")],
    "graphql_fields.js": [(get("count"), 200, '{"count":2}')],
    "jobs.js": [(get("report"), 200, '{"runs":0}')],
    "tools.js": [(get("listed"), 200, '["add","advise"]')],
    "text_tools.js": [
        (post("encode", b"text"), 200, "dGV4dA=="),
        (post("decode", b"dGV4dA=="), 200, "text"),
        # Of the UTF-8 bytes, as the original engine has it.
        (post("encode", "ä🎉".encode()), 200, "w6Twn46J"),
        (post("decode", b"w6Twn46J"), 200, "ä🎉"),
        (post("decode", b"/w=="), "TypeError: The encoded data is not valid", 6),
        (get("slug", "/?text=%C3%89t%C3%A9%20%26%20more!"), 200, "ete-more"),
    ],
    "broken_handler.js": [
        (get("fine"), 200, "fine"),
        (get("broken"), "TypeError: Cannot read properties of undefined", 7),
        (get("fine"), 200, "fine"),
    ],
}


def files_of(name: str) -> dict[str, str]:
    path = FOLDER / name
    if path.is_file():
        return {f"main{path.suffix}": path.read_text()}
    return {
        str(file.relative_to(path)): file.read_text() for file in path.rglob("*") if file.is_file()
    }


@pytest.mark.parametrize("name", CALLS)
async def test_a_program_loads_and_answers(tmp_path, name):
    files = files_of(name)
    entry = next(path for path in files if path.startswith("main."))
    async with running(tmp_path, files, dialect="classic", entry=entry) as program:
        assert program.warnings == []
        for (handler, url, call), status, text in CALLS[name]:
            if isinstance(status, int):
                answer = await program.call(handler, url, **call)
                assert answer.status == status
                assert text in answer.body.decode(errors="replace")
            else:
                with pytest.raises(Failed) as failure:
                    await program.call(handler, url, **call)
                assert failure.value.message.startswith(status)
                assert failure.value.line == text

    routes = [one for one in program.registrations if one["kind"] == "route"]
    assert routes
    assert program.errors == b""


def test_every_program_of_the_folder_is_called():
    assert sorted(CALLS) == sorted(path.name for path in FOLDER.iterdir())
    assert len(CALLS) >= 30
