"""Scripts through GraphQL."""

import base64
from dataclasses import replace

from tests.scripts_engine.documents import DEPLOY, HELLO, RUN, SAVE, main

from aiwebengine.core.identity import Role, Scope


async def test_a_script_is_created_saved_checked_and_deployed(running, edith, data):
    created = await data(
        edith,
        'mutation { createScript(input: {slug: "hello", title: "Hi"}) {'
        " script { slug title state viewerIsOwner owners { email } newest { number } files { path }"
        " diagnostics { message } active { number } } } }",
    )
    logo = {"path": "logo.png", "base64": base64.b64encode(b"\x89\xff").decode()}
    saved = await data(edith, SAVE, files=[*main(HELLO), logo], base=0)
    again = await data(edith, SAVE, files=[*main(HELLO), logo], base=1)
    checked = await data(
        edith, 'mutation { checkScript(input: {slug: "hello"}) { ok routes { path } } }'
    )
    deployed = (await data(edith, DEPLOY))["deployScript"]

    assert created["createScript"]["script"] == {
        "slug": "hello",
        "title": "Hi",
        "state": "DRAFT",
        "viewerIsOwner": True,
        "owners": [{"email": "edith@example.com"}],
        "newest": None,
        "files": [],
        "diagnostics": [],
        "active": None,
    }
    assert saved["saveScript"]["changed"]
    assert not again["saveScript"]["changed"]
    assert saved["saveScript"]["version"] == {
        "number": 1,
        "message": "more",
        "files": [{"path": "logo.png"}, {"path": "main.ts"}],
    }
    assert checked["checkScript"]["ok"]
    assert len(checked["checkScript"]["routes"]) == 7
    assert deployed["version"] == 1
    assert deployed["changed"]
    assert {"method": "GET", "path": "/hello/:name"} in deployed["routes"]
    assert deployed["script"]["state"] == "ACTIVE"


async def test_a_version_that_does_not_load_is_refused_with_its_place(hello, edith, data, code):
    await data(edith, SAVE, files=main("export const routes = {\n  broken"))

    refused, more = await code(edith, DEPLOY)
    checked = await data(
        edith,
        'mutation { checkScript(input: {slug: "hello"}) {'
        " ok diagnostics { severity file line message } } }",
    )
    shown = await data(
        edith, '{ script(slug: "hello") { activeVersion diagnostics { file line } } }'
    )

    assert refused == "BAD_USER_INPUT"
    assert more["diagnostics"][0]["file"] == "main.ts"
    assert checked["checkScript"]["ok"] is False
    assert checked["checkScript"]["diagnostics"][0]["severity"] == "ERROR"
    assert shown["script"]["activeVersion"] == 1
    assert shown["script"]["diagnostics"][0]["file"] == "main.ts"


async def test_a_save_over_a_newer_version_names_it(hello, edith, code):
    refused, more = await code(edith, SAVE, files=main(HELLO + "//"), base=0)

    assert refused == "CONFLICT"
    assert (more["newestVersion"], more["author"]) == (1, "edith@example.com")


async def test_files_that_are_neither_text_nor_base64_are_refused(hello, edith, code):
    for file in (
        {"path": "main.ts"},
        {"path": "main.ts", "text": "", "base64": ""},
        {"path": "main.ts", "base64": "?"},
        {"path": "../main.ts", "text": ""},
    ):
        assert (await code(edith, SAVE, files=[file]))[0] == "BAD_USER_INPUT"
    twice = [*main(HELLO), *main(HELLO)]
    assert (await code(edith, SAVE, files=twice))[0] == "BAD_USER_INPUT"


async def test_files_are_shown_as_text_or_in_base64_up_to_a_size(running, edith, data):
    await data(edith, 'mutation { createScript(input: {slug: "hello"}) { script { slug } } }')
    large = {"path": "large.txt", "text": "x" * 1_000_001}
    logo = {"path": "logo.png", "base64": base64.b64encode(b"\x89\xff").decode()}
    many = [{"path": f"some{n}.txt", "text": f"{n:02}" * 400_000} for n in range(14)]
    await data(edith, SAVE, files=[*main(HELLO), large, logo])
    await data(edith, SAVE, files=[*main(HELLO), *many])
    query = """query ($number: Int!) {
      scriptVersion(slug: "hello", number: $number) { files { path size text base64 } }
    }"""

    first = (await data(edith, query, number=1))["scriptVersion"]["files"]
    second = (await data(edith, query, number=2))["scriptVersion"]["files"]
    none = await data(edith, query, number=3)

    assert first == [
        {"path": "large.txt", "size": 1_000_001, "text": None, "base64": None},
        {"path": "logo.png", "size": 2, "text": None, "base64": "if8="},
        {"path": "main.ts", "size": len(HELLO.encode()), "text": HELLO, "base64": None},
    ]
    assert sum(len(file["text"]) for file in second if file["text"]) <= 10_000_000
    assert [file["path"] for file in second if file["text"] is None] != []
    assert none == {"scriptVersion": None}


async def test_versions_differ_and_are_rolled_back_to(hello, edith, data):
    await data(edith, SAVE, files=main(HELLO.replace("Hello", "Bye")))
    await data(edith, DEPLOY)

    changes = await data(
        edith, '{ scriptDiff(slug: "hello", from: 1, to: 2) { path kind oldSize diff } }'
    )
    back = await data(
        edith,
        'mutation { rollBackScript(input: {slug: "hello"}) { version script { active { number }'
        " versions(first: 1) { totalCount nodes { number } pageInfo { endCursor } } } } }",
    )
    page = back["rollBackScript"]["script"]["versions"]
    rest = await data(
        edith,
        'query ($after: String) { script(slug: "hello") {'
        " versions(after: $after) { nodes { number } pageInfo { hasNextPage } } } }",
        after=page["pageInfo"]["endCursor"],
    )

    (change,) = changes["scriptDiff"]
    assert (change["path"], change["kind"]) == ("main.ts", "CHANGED")
    assert "+    return new Response(`Bye" in change["diff"]
    assert back["rollBackScript"]["script"]["active"] == {"number": 1}
    assert (page["totalCount"], page["nodes"]) == (2, [{"number": 2}])
    assert rest["script"]["versions"] == {
        "nodes": [{"number": 1}],
        "pageInfo": {"hasNextPage": False},
    }


async def test_suspended_scripts_are_resumed_and_deleted_ones_restored(hello, ada, edith, data):
    state = "{ script { state suspensionReason } } }"
    suspended = await data(
        ada, f'mutation {{ suspendScript(input: {{slug: "hello", reason: "no"}}) {state}'
    )
    answer = await data(edith, RUN, input={"slug": "hello", "path": "/hello/x"})
    resumed = await data(ada, f'mutation {{ resumeScript(input: {{slug: "hello"}}) {state}')
    deleted = await data(edith, f'mutation {{ deleteScript(input: {{slug: "hello"}}) {state}')
    gone = await data(edith, '{ script(slug: "hello") { slug } }')
    listed = await data(edith, "{ scripts(filter: {state: DELETED}) { nodes { slug } } }")
    restored = await data(edith, f'mutation {{ restoreScript(input: {{slug: "hello"}}) {state}')

    assert suspended["suspendScript"]["script"] == {"state": "SUSPENDED", "suspensionReason": "no"}
    assert answer["runScript"]["status"] == 503
    assert resumed["resumeScript"]["script"]["state"] == "ACTIVE"
    assert deleted["deleteScript"]["script"]["state"] == "DELETED"
    assert gone == {"script": None}
    assert listed["scripts"]["nodes"] == [{"slug": "hello"}]
    assert restored["restoreScript"]["script"]["state"] == "DRAFT"


async def test_a_host_of_its_own_allows_full_pages(hello, ada, edith, data, code):
    bind = """mutation ($host: String) {
      bindScriptHost(input: {slug: "hello", host: $host}) { script { host pageMode } }
    }"""
    full = """mutation {
      setScriptPageMode(input: {slug: "hello", pageMode: FULL}) { script { host pageMode } }
    }"""
    refused = await code(ada, full)
    bound = await data(ada, bind, host="hello.example")
    allowed = await data(ada, full)
    back = await data(ada, bind, host=None)

    assert refused[0] == "CONFLICT"
    assert bound["bindScriptHost"]["script"] == {"host": "hello.example", "pageMode": "SANDBOXED"}
    assert allowed["setScriptPageMode"]["script"]["pageMode"] == "FULL"
    # Full pages on the engine's host could act as the people who are signed in there.
    assert back["bindScriptHost"]["script"] == {"host": None, "pageMode": "SANDBOXED"}
    assert (await code(edith, bind, host="hello.example"))[0] == "FORBIDDEN"


async def test_limits_are_set_and_restored_by_null(hello, ada, edith, data, code):
    change = """mutation ($limits: ScriptLimitsInput!) {
      setScriptLimits(input: {slug: "hello", limits: $limits}) {
        script { limits { callTimeoutSecs heapMb } }
      }
    }"""

    async def limits(viewer, wanted):
        done = await data(viewer, change, limits=wanted)
        return done["setScriptLimits"]["script"]["limits"]

    assert await limits(edith, {"heapMb": 64}) == {"callTimeoutSecs": 5.0, "heapMb": 64}
    assert (await code(edith, change, limits={"heapMb": 256}))[0] == "FORBIDDEN"
    assert await limits(ada, {"callTimeoutSecs": 9}) == {"callTimeoutSecs": 9.0, "heapMb": 64}
    assert await limits(ada, {"heapMb": None}) == {"callTimeoutSecs": 9.0, "heapMb": 128}
    assert (await code(ada, change, limits={"heapMb": 1}))[0] == "BAD_USER_INPUT"
    ranges = await data(
        edith,
        """{ script(slug: "hello") { limitRanges {
          lowest { heapMb } defaults { heapMb } highest { heapMb }
        } } }""",
    )
    assert ranges["script"]["limitRanges"] == {
        "lowest": {"heapMb": 32},
        "defaults": {"heapMb": 128},
        "highest": {"heapMb": 2_048},
    }


async def test_owners_come_and_go_but_not_the_last(hello, edith, add_person, data, code):
    await add_person("emma", Role.EDITOR)
    change = """mutation ($email: String!) {
      addScriptOwner(input: {slug: "hello", email: $email}) { owners { email } }
    }"""
    remove = change.replace("add", "remove", 1)

    added = await data(edith, change, email="emma@example.com")
    removed = await data(edith, remove, email="edith@example.com")

    assert [one["email"] for one in added["addScriptOwner"]["owners"]] == [
        "edith@example.com",
        "emma@example.com",
    ]
    assert removed["removeScriptOwner"]["owners"] == [{"email": "emma@example.com"}]
    assert (await code(edith, remove, email="emma@example.com"))[0] == "FORBIDDEN"


async def test_the_log_is_paged_and_only_for_owners(hello, running, edith, add_person, run, data):
    for name in ("a", "b", "c"):
        await run(f"/hello/{name}")
    await run("/fails")
    await running.scripting.journal.flush()
    query = """query ($after: String, $filter: ScriptLogFilter) {
      script(slug: "hello") {
        log(first: 2, after: $after, filter: $filter) {
          totalCount nodes { text level route version } pageInfo { endCursor }
        }
      }
    }"""

    first = (await data(edith, query))["script"]["log"]
    after = first["pageInfo"]["endCursor"]
    second = (await data(edith, query, after=after))["script"]["log"]
    errors = (await data(edith, query, filter={"level": "ERROR"}))["script"]["log"]
    emma = await add_person("emma", Role.EDITOR)

    assert first["totalCount"] == 4
    assert "no luck" in first["nodes"][0]["text"]
    assert [line["text"] for line in second["nodes"]] == ["greeting b", "greeting a"]
    assert second["nodes"][0]["route"] == "GET /hello/:name"
    assert errors["totalCount"] == 1
    assert (await data(emma, query))["script"]["log"] is None


async def test_a_token_needs_the_scope_for_changes(hello, edith, code, data):
    reader = replace(edith, scopes=frozenset({Scope.READ}))

    assert (await code(reader, SAVE, files=main(HELLO)))[0] == "FORBIDDEN"
    assert (await code(reader, RUN, input={"slug": "hello"}))[0] == "FORBIDDEN"
    assert (await data(reader, '{ script(slug: "hello") { slug } }'))["script"]["slug"] == "hello"
