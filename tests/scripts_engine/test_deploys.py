"""Checking, deploying and rolling back: what changes, and what a failure leaves alone."""

import asyncio
import os
import time

import pytest
from tests.scripts_engine.sources import serving, tree

from aiwebengine.core.errors import Conflict, Forbidden, Unavailable
from aiwebengine.script_routes.active import ActiveScripts
from aiwebengine.scripts.errors import NotLoadable, PreconditionFailed, RouteTaken
from aiwebengine.scripts.loading import Loader, NoRuntime
from aiwebengine.scripts.preconditions import Precondition
from aiwebengine.scripts.types import Dialect, ScriptState, Severity

BROKEN = tree("export const routes = {\n  'GET /a': () => 1,\n  oops oops\n};\n")


def shown(routes):
    return [(route.method, route.path) for route in routes]


async def snapshot(engine):
    """What a failed operation must leave as it is."""
    tables = "scripts", "script_versions", "script_files", "script_routes", "audit_events"
    return [await engine.db.value(f"select count(*) from {table}") for table in tables] + [
        await engine.db.value("select number from script_activations")
    ]


async def test_one_put_creates_saves_and_deploys(scripts, runtime, edith, events_of):
    done = await scripts.put(edith, "shop", serving("GET /shop", "POST /shop/:item"))

    assert (done.version, done.script.active_version, done.is_new) == (1, 1, True)
    assert shown(done.routes) == [("GET", "/shop"), ("POST", "/shop/:item")]
    assert done.script.current_state is ScriptState.ACTIVE
    assert (await events_of())[-3:] == ["script.created", "script.saved", "script.deployed"]
    assert len(runtime.loaded) == 1
    assert runtime.retired == []


async def test_putting_the_same_files_again_changes_nothing(scripts, edith, events_of):
    await scripts.put(edith, "shop", serving("GET /shop"))
    before = await events_of()

    again = await scripts.put(edith, "shop", serving("GET /shop"))

    assert (again.changed, again.version) == (False, 1)
    assert await events_of() == before


async def test_a_put_without_deploying_leaves_the_active_version(scripts, edith):
    await scripts.put(edith, "shop", serving("GET /old"))

    done = await scripts.put(edith, "shop", serving("GET /new"), deploy=False)

    assert (done.version, done.script.active_version) == (2, 1)
    assert shown(await scripts.routes(edith, "shop")) == [("GET", "/old")]
    assert shown(done.routes) == [("GET", "/new")]


async def test_a_version_that_does_not_load_changes_nothing_and_says_where(
    scripts, engine, runtime, edith
):
    await scripts.put(edith, "shop", serving("GET /shop"))
    before = await snapshot(engine)

    with pytest.raises(NotLoadable) as refused:
        await scripts.put(edith, "shop", BROKEN)

    assert await snapshot(engine) == before
    [error] = refused.value.diagnostics
    assert (error.severity, error.file, error.line) == (Severity.ERROR, "main.ts", 3)
    with pytest.raises(NotLoadable):
        await scripts.put(edith, "cafe", BROKEN)
    assert await snapshot(engine) == before


async def test_a_saved_version_that_does_not_load_is_not_deployed_and_keeps_its_diagnostics(
    scripts, edith
):
    await scripts.put(edith, "shop", serving("GET /shop"))
    await scripts.save(edith, "shop", BROKEN, base_version=1)

    with pytest.raises(NotLoadable):
        await scripts.deploy(edith, "shop")

    assert (await scripts.get(edith, "shop")).active_version == 1
    assert (await scripts.version(edith, "shop", 2)).diagnostics[0].line == 3
    assert shown(await scripts.routes(edith, "shop")) == [("GET", "/shop")]


async def test_while_no_process_can_start_a_deploy_is_refused_and_nothing_is_blamed(
    scripts, engine, edith
):
    await scripts.create(edith, "shop")
    await scripts.save(edith, "shop", serving("GET /shop"), base_version=0)
    scripts.loader = Loader(NoRuntime("Scripts are disabled."), scripts.trees)
    before = await snapshot(engine)

    with pytest.raises(Unavailable, match=r"Scripts are disabled\."):
        await scripts.deploy(edith, "shop")

    assert await snapshot(engine) == before
    assert (await scripts.version(edith, "shop", 1)).diagnostics == []


async def test_a_deploy_replaces_the_routes_of_the_version_before(scripts, edith):
    await scripts.put(edith, "shop", serving("GET /a", "GET /b"))
    await scripts.put(edith, "shop", serving("GET /b", "ANY /c"))

    assert shown(await scripts.routes(edith, "shop")) == [("GET", "/b"), ("*", "/c")]


async def test_a_roll_back_deploys_the_last_deployed_version_before(scripts, edith, events_of):
    await scripts.put(edith, "shop", serving("GET /1"))
    await scripts.put(edith, "shop", serving("GET /2"), deploy=False)
    await scripts.put(edith, "shop", serving("GET /3"))

    done = await scripts.roll_back(edith, "shop")

    assert (done.version, done.script.active_version) == (1, 1)
    assert shown(await scripts.routes(edith, "shop")) == [("GET", "/1")]
    assert (await events_of())[-1] == "script.rolled_back"
    with pytest.raises(Conflict, match="before 1 was ever deployed"):
        await scripts.roll_back(edith, "shop")
    assert (await scripts.roll_back(edith, "shop", 3)).script.active_version == 3


async def test_a_route_of_another_script_is_a_conflict_that_names_it(
    scripts, engine, runtime, edith, emma
):
    await scripts.put(edith, "shop", serving("GET /goods/:id"))
    before = await snapshot(engine)

    with pytest.raises(RouteTaken) as refused:
        await scripts.put(emma, "market", serving("GET /goods/:name", "GET /market"))

    assert refused.value.extensions == {
        "routes": [{"method": "GET", "path": "/goods/:name", "slug": "shop"}]
    }
    assert await snapshot(engine) == before
    assert [program.group for program in runtime.retired] == [runtime.loaded[-1].group]


@pytest.mark.parametrize(
    ("first", "second"),
    [("ANY /x", "GET /x"), ("DELETE /x", "ANY /x"), ("ANY /x", "ANY /x"), ("GET /:a", "GET /:b")],
)
async def test_routes_clash_when_one_request_would_fit_both_equally(
    scripts, edith, emma, first, second
):
    await scripts.put(edith, "one", serving(first))

    with pytest.raises(RouteTaken):
        await scripts.put(emma, "two", serving(second))


@pytest.mark.parametrize(
    ("first", "second"),
    [("GET /x", "POST /x"), ("GET /x/:id", "GET /x/new"), ("GET /x/*", "GET /x/:id")],
)
async def test_routes_do_not_clash_when_one_of_them_fits_better(
    scripts, edith, emma, first, second
):
    await scripts.put(edith, "one", serving(first))

    assert (await scripts.put(emma, "two", serving(second))).changed


async def test_of_scripts_that_claim_one_route_at_once_exactly_one_gets_it(
    scripts, engine, edith, emma
):
    for number in range(4):
        await scripts.create(edith if number % 2 else emma, f"s{number}")
        await scripts.save(
            edith if number % 2 else emma,
            f"s{number}",
            serving("GET /one", f"GET /own{number}"),
            base_version=0,
        )

    results = await asyncio.gather(
        *(scripts.deploy(edith if number % 2 else emma, f"s{number}") for number in range(4)),
        return_exceptions=True,
    )

    deployed = [result for result in results if not isinstance(result, Exception)]
    assert len(deployed) == 1
    assert all(isinstance(one, RouteTaken) for one in results if one not in deployed)
    served = await scripts.active_programs()
    assert [one.slug for one in served] == [deployed[0].script.slug]
    assert await engine.db.value("select count(*) from script_routes") == 2


async def test_of_two_who_deploy_a_script_at_once_the_second_learns_it(scripts, edith, ada):
    await scripts.create(edith, "shop")
    await scripts.save(edith, "shop", serving("GET /1"), base_version=0)
    await scripts.save(edith, "shop", serving("GET /2"), base_version=1)

    results = await asyncio.gather(
        scripts.deploy(edith, "shop", 1), scripts.deploy(ada, "shop", 2), return_exceptions=True
    )

    [refused] = [result for result in results if isinstance(result, Exception)]
    assert isinstance(refused, Conflict)
    assert "meanwhile" in refused.message


async def test_a_check_finds_clashes_and_deploys_nothing(scripts, engine, edith, emma):
    await scripts.put(edith, "shop", serving("GET /goods"))
    await scripts.create(emma, "market")
    await scripts.save(emma, "market", serving("GET /goods", "GET /market"), base_version=0)

    checked = await scripts.check(emma, "market")
    fresh = await scripts.check_files(emma, "fresh", serving("GET /goods"))

    assert not checked.is_deployable
    assert [one.message for one in checked.diagnostics] == [
        "The route GET /goods belongs to the script shop."
    ]
    assert (await scripts.get(emma, "market")).active_version is None
    assert not fresh.is_deployable
    assert await engine.db.value("select count(*) from scripts") == 2


async def test_a_misspelt_handler_is_a_warning_that_is_kept(scripts, edith):
    done = await scripts.put(
        edith,
        "shop",
        tree("export default { fetch() { return new Response('x') }, scheduledd() {} };"),
    )

    assert [one.severity for one in done.diagnostics] == [Severity.WARNING]
    assert (await scripts.version(edith, "shop", 1)).diagnostics == done.diagnostics


async def test_a_fetch_handler_serves_what_is_below_the_slug(scripts, edith, emma):
    done = await scripts.put(
        edith, "shop", tree("export default { fetch: () => new Response('x') };")
    )

    assert shown(done.routes) == [("*", "/shop"), ("*", "/shop/*")]
    with pytest.raises(RouteTaken):
        await scripts.put(emma, "other", serving("GET /shop"))


@pytest.mark.parametrize("path", ["/engine/admin", "/graphql", "/auth/x", "/static/a.js"])
async def test_a_path_of_the_engine_is_refused(scripts, edith, path):
    with pytest.raises(NotLoadable, match="engine"):
        await scripts.put(edith, "shop", serving(f"GET {path}"))


async def test_the_home_page_is_answered_on_a_host_of_its_own_only(scripts, edith, ada):
    here = await scripts.put(edith, "shop", serving("GET /"))
    await scripts.bind_host(ada, "shop", "shop.example.org")
    there = await scripts.check(edith, "shop")

    assert [one.severity for one in here.diagnostics] == [Severity.WARNING]
    assert "home page" in here.diagnostics[0].message
    assert there.diagnostics == []


async def test_preconditions_are_checked_before_anything_is_loaded(scripts, runtime, edith):
    only_new, version_2 = Precondition(must_be_new=True), Precondition(versions=frozenset([2]))
    with pytest.raises(PreconditionFailed):
        await scripts.put(edith, "shop", serving("GET /1"), precondition=version_2)
    await scripts.put(edith, "shop", serving("GET /1"), precondition=only_new)
    loaded = len(runtime.loaded)

    for refused in (only_new, version_2):
        with pytest.raises(PreconditionFailed, match="1"):
            await scripts.put(edith, "shop", serving("GET /2"), precondition=refused)

    assert len(runtime.loaded) == loaded == 1


async def test_of_many_who_put_from_the_same_version_one_succeeds(scripts, edith):
    await scripts.put(edith, "shop", serving("GET /0"))
    expected = Precondition(versions=frozenset([1]))

    results = await asyncio.gather(
        *(
            scripts.put(edith, "shop", serving(f"GET /{number}"), precondition=expected)
            for number in range(1, 5)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(result, PreconditionFailed) for result in results) == 3
    assert (await scripts.get(edith, "shop")).active_version == 2


async def test_each_change_of_what_is_served_has_a_later_number(scripts, edith, ada):
    numbers = [await scripts.latest_activation()]

    async def changed():
        numbers.append(await scripts.latest_activation())
        found = await scripts.active_programs(numbers[-2])
        assert [one.slug for one in found] == ["shop"]
        return found[0]

    await scripts.put(edith, "shop", serving("GET /1"))
    first = await changed()
    await scripts.put(edith, "shop", serving("GET /2"))
    second = await changed()
    await scripts.suspend(ada, "shop")
    assert (await changed()).is_suspended
    await scripts.resume(ada, "shop")
    await changed()
    await scripts.set_limits(edith, "shop", {"call_timeout_secs": 1.0})
    assert (await changed()).limits.call_timeout_secs == 1.0
    await scripts.delete(edith, "shop")
    gone = await changed()

    assert numbers == sorted(set(numbers))
    assert (first.version, second.version, gone.version) == (1, 2, None)
    assert shown(second.routes) == [("GET", "/2")]
    assert await scripts.active_programs() == []


async def test_what_is_served_is_a_program_with_its_files_on_disk(scripts, runtime, edith):
    await scripts.put(edith, "shop", tree("export default { fetch() {} };", lib_a="export {};"))
    [active] = await scripts.active_programs()

    planned = scripts.program_of(active)
    program = await scripts.prepare(active)

    assert planned == program == runtime.loaded[0]
    assert program.group == str(active.id)
    assert sorted(
        path.name for path in (scripts.trees.path(active.id, active.digest)).iterdir()
    ) == [
        "lib",
        "main.ts",
    ]


async def test_a_limit_that_changes_makes_another_program(scripts, edith):
    await scripts.put(edith, "shop", serving("GET /1"))
    [before] = await scripts.active_programs()
    await scripts.set_limits(edith, "shop", {"heap_mb": 64})
    [after] = await scripts.active_programs()

    assert scripts.program_of(before).key != scripts.program_of(after).key
    assert scripts.program_of(before).folder == scripts.program_of(after).folder


async def test_a_script_that_many_create_at_once_by_a_put_is_created_once(
    scripts, engine, edith, emma
):
    results = await asyncio.gather(
        *(
            scripts.put(edith if number % 2 else emma, "shop", serving(f"GET /{number}"))
            for number in range(4)
        ),
        return_exceptions=True,
    )

    done = [result for result in results if not isinstance(result, Exception)]
    assert sum(one.is_new for one in done) == 1
    # One that comes late finds the script: it is its own next version, or another editor's script.
    refused = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(one, Conflict | Forbidden) for one in refused), refused
    assert await engine.db.value("select count(*) from scripts") == 1
    assert await engine.db.value("select count(*) from script_routes") == 1


async def test_deploys_deletions_and_suspensions_at_once_all_end(scripts, edith, ada):
    for number in range(4):
        await scripts.put(edith, f"s{number}", serving(f"GET /s{number}"))

    async def changes(number):
        slug = f"s{number}"
        for turn in range(3):
            await scripts.put(edith, slug, serving(f"GET /s{number}", f"GET /x{turn}-{number}"))
            await scripts.suspend(ada, slug)
            await scripts.resume(ada, slug)
        await scripts.delete(edith, slug)

    async with asyncio.timeout(60):
        await asyncio.gather(*map(changes, range(4)))

    assert await scripts.active_programs() == []


async def test_a_classic_script_is_deployed_with_what_it_registers(scripts, edith):
    main = (
        "import { word } from './lib/text.ts';\n"
        "function hello(context) { return ResponseBuilder.text(word) }\n"
        "function init() { routeRegistry.registerRoute('/hi/:name', 'hello', 'GET') }\n"
    )

    done = await scripts.put(edith, "shop", tree(main, lib_text="export const word = 'hi';"))

    assert shown(done.routes) == [("GET", "/hi/:name")]
    assert (await scripts.version(edith, "shop", 1)).dialect is Dialect.CLASSIC
    assert (await scripts.files(edith, "shop"))["main.ts"] == main.encode()


async def test_a_loop_without_an_end_at_load_is_refused_and_its_process_ends(
    scripts, edith, runtime
):
    script = await scripts.create(edith, "shop")
    await scripts.set_limits(edith, "shop", {"load_timeout_secs": 1})

    with pytest.raises(NotLoadable) as refused:
        await scripts.put(edith, "shop", tree("export default {}; for (;;);"))

    assert "1 s" in refused.value.message
    assert (await scripts.get(edith, "shop")).newest_version == 0
    status = await runtime.client.status()
    assert [one for one in status.processes if one.key.startswith(str(script.key))] == []


async def test_after_a_restore_all_scripts_are_read_again(scripts, engine, runtime, edith):
    await scripts.put(edith, "shop", serving("GET /shop"))
    await scripts.put(edith, "cafe", serving("GET /cafe"))
    active = ActiveScripts(scripts, runtime)
    await active.refresh()
    # As a restore does it: without a number of its own, and later changes have higher ones.
    await engine.db.execute("update scripts set active_version = null where slug = 'shop'")
    await scripts.put(edith, "cafe", serving("GET /cafe", "GET /new"))

    active.distrust()
    await active.refresh()

    assert [one.slug for one in active.scripts] == ["cafe"]


async def test_files_that_nobody_serves_are_removed_after_a_while(scripts, runtime, edith):
    old = serving("GET /old")
    script = (await scripts.put(edith, "shop", old)).script
    await scripts.put(edith, "shop", serving("GET /new"))
    folder = scripts.trees.path(script.key, old.digest)
    assert folder.is_dir()
    hours_ago = time.time() - 7_200
    os.utime(folder, (hours_ago, hours_ago))

    await scripts.remove_unused_trees([folder])
    assert folder.is_dir()
    await scripts.remove_unused_trees()

    assert not folder.exists()
    assert (await scripts.roll_back(edith, "shop")).version == 1
    assert folder.is_dir()
