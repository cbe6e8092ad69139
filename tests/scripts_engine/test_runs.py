"""Runs: an author sends a request to the active version of a script."""

from dataclasses import replace
from json import loads

from tests.scripts_engine.documents import DEPLOY, RUN, SAVE, main

from aiwebengine.core.identity import Role, operator


async def test_a_run_answers_as_a_visitor_is_answered(hello, run):
    answer = await run("/hello/Zoë?x=1")

    assert (answer["status"], answer["body"], answer["bodyBase64"]) == (200, "Hello Zoë", None)
    assert {"name": "x-own", "value": "1"} in answer["headers"]
    assert "content-security-policy" in {one["name"] for one in answer["headers"]}
    (line,) = answer["log"]
    assert (line["level"], line["text"], line["file"], line["line"]) == (
        "WARN",
        "greeting Zoë",
        "main.ts",
        4,
    )
    assert answer["version"] == 1
    assert answer["milliseconds"] > 0
    assert answer["bodySize"] == 10


async def test_a_run_sends_method_headers_and_body(hello, run):
    posted = await run("/hello", method="POST", body="däta")
    secret = {"name": "Authorization", "value": "Bearer awe_secret"}
    seen = await run("/headers", headers=[{"name": "X-Mine", "value": "é"}, secret])

    assert (posted["status"], posted["body"]) == (201, "däta")
    assert '"x-mine":"é"' in seen["body"]
    assert "awe_" not in seen["body"]


async def test_a_run_shows_failures_bytes_and_the_beginning_of_much(hello, run):
    failed, binary, large = await run("/fails"), await run("/bytes"), await run("/large")

    assert failed["status"] == 500
    assert failed["requestId"] in failed["body"]
    assert failed["log"][-1]["level"] == "ERROR"
    assert "no luck" in failed["log"][-1]["text"]
    assert (binary["body"], binary["bodyBase64"], binary["bodySize"]) == (None, "/wAB", 3)
    assert large["isTruncated"]
    assert large["body"] == "ä" * 500_000


async def test_a_run_that_cannot_be_sent_says_why(hello, edith, add_person, data, code):
    emma = await add_person("emma", Role.EDITOR)
    await data(emma, 'mutation { createScript(input: {slug: "mine"}) { script { slug } } }')
    header = {"name": "x", "value": "a\nb"}
    wanted = {
        "FORBIDDEN": [{"slug": "mine"}],
        "NOT_FOUND": [
            {"slug": "nothing"},
            {"slug": "hello", "path": "/elsewhere"},
            {"slug": "hello", "path": "/graphql"},
        ],
        "BAD_USER_INPUT": [
            {"slug": "hello", "path": "hello"},
            {"slug": "hello", "path": "/hello#x"},
            {"slug": "hello", "method": "G T"},
            {"slug": "hello", "path": "/headers", "headers": [header]},
            {"slug": "hello", "path": "/headers", "headers": [{"name": "a b", "value": ""}]},
        ],
    }
    found = {
        expected: [(await code(edith, RUN, input=one))[0] for one in inputs]
        for expected, inputs in wanted.items()
    }

    assert found == {expected: [expected] * len(inputs) for expected, inputs in wanted.items()}
    assert (await code(emma, RUN, input={"slug": "mine"}))[0] == "CONFLICT"


async def test_a_run_does_not_reach_another_script(hello, add_person, data, code):
    emma = await add_person("emma", Role.EDITOR)
    await data(emma, 'mutation { createScript(input: {slug: "mine"}) { script { slug } } }')
    own = 'export const routes = { "GET /mine": () => new Response("mine") };'
    await data(emma, SAVE, slug="mine", files=main(own))
    await data(emma, DEPLOY.replace('"hello"', '"mine"'))

    refused = await code(emma, RUN, input={"slug": "mine", "path": "/hello/x"})
    answer = await data(emma, RUN, input={"slug": "mine"})

    assert refused[0] == "NOT_FOUND"
    assert answer["runScript"]["body"] == "mine"


async def test_a_script_on_a_host_of_its_own_runs_there(hello, running, ada, run):
    await running.services.scripts.bind_host(ada, "hello", "shop.example.org")

    answer = await run("/headers")

    assert '"host":"shop.example.org"' in answer["body"]
    assert "content-security-policy" in {one["name"] for one in answer["headers"]}


async def test_a_run_counts_as_a_call_of_its_script(running, hello, run, edith, data):
    await run("/hello/Ada")
    await running.scripting.activity.flush()

    found = await data(edith, '{ script(slug: "hello") { activity { requests errors } } }')
    assert found["script"]["activity"] == {"requests": 1, "errors": 0}


async def test_a_run_as_the_viewer_shows_the_script_who_that_is_and_no_more(
    hello, running, ada, edith, run, engine
):
    await running.services.scripts.grant_role(ada, "hello", "edith@example.com", "judge")
    sessions = engine.services.sessions
    opened = await sessions.begin(edith, edith.id, edith.label, "link")
    sent = [
        {"name": "Cookie", "value": f"aiwebengine_session={opened.secret}; mine=1"},
        {"name": "Authorization", "value": "Bearer awe_secret"},
    ]

    as_signed_in = replace(edith, name="Edith", email="edith@example.com")

    nobody = await run("/me", headers=sent)
    herself = await run("/me", viewer=as_signed_in, asViewer=True)
    administrator = await run("/me", viewer=ada, asViewer=True, headers=sent)

    assert loads(nobody["body"])["user"] is None
    assert loads(herself["body"])["user"] == {
        "id": str(edith.id),
        "name": "Edith",
        "email": "edith@example.com",
        "roles": ["AUTHENTICATED", "EDITOR"],
        "scriptRoles": ["judge"],
    }
    assert loads(administrator["body"])["user"]["roles"] == ["AUTHENTICATED", "ADMINISTRATOR"]
    for answer in (nobody, administrator):
        assert ["cookie", "mine=1"] in loads(answer["body"])["sent"]
        assert opened.secret not in answer["body"]
        assert "awe_" not in answer["body"]


async def test_nobody_runs_as_a_visitor_who_can_not_sign_in(hello, running, ada, edith, code):
    wanted = {"slug": "hello", "path": "/me", "asViewer": True}
    operated = await code(operator("tests"), RUN, input=wanted)
    await running.services.scripts.bind_host(ada, "hello", "shop.example.org")

    assert operated[0] == "BAD_USER_INPUT"
    assert (await code(edith, RUN, input=wanted))[0] == "BAD_USER_INPUT"
