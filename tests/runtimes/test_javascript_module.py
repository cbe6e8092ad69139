"""Programs of the dialect "module": handlers with Request and Response."""

from tests.runtimes.programs import running

HELLO = """
export const routes = {
  "GET /hello/:name": (request, env, ctx) => Response.json({ hello: ctx.params.name }),
};
"""


async def test_a_handler_answers_with_a_response(tmp_path):
    async with running(tmp_path, HELLO) as program:
        answer = await program.call("GET /hello/:name", params={"name": "ada"})

    assert program.registrations == [
        {"kind": "route", "method": "GET", "path": "/hello/:name", "handler": "GET /hello/:name"}
    ]
    assert (answer.status, answer.json) == (200, {"hello": "ada"})
    assert answer.headers == [("content-type", "application/json")]
