"""Who may do what: the table, owners, suspension, deletion."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest
from tests.scripts_engine.sources import serving

from aiwebengine.core.errors import BadUserInput, Conflict, Forbidden, NotFound, Unauthenticated
from aiwebengine.core.identity import Origin, Role, Scope, anonymous, operator
from aiwebengine.scripts.errors import LastOwner, RouteTaken
from aiwebengine.scripts.log_types import ScriptLogFilter
from aiwebengine.scripts.types import PageMode, ScriptFilter, ScriptState

TREE = serving("GET /shop")

# Each act of the table in PRODUCT.md, on edith's script "shop".
OF_EDITORS = {
    "list": lambda scripts, viewer: scripts.page(viewer, ScriptFilter(), None, 1),
    "get": lambda scripts, viewer: scripts.get(viewer, "shop"),
    "files": lambda scripts, viewer: scripts.files(viewer, "shop"),
    "versions": lambda scripts, viewer: scripts.versions(viewer, "shop", None, 1),
    "diff": lambda scripts, viewer: scripts.diff(viewer, "shop", 0, 1),
    "routes": lambda scripts, viewer: scripts.routes(viewer, "shop"),
    "owners": lambda scripts, viewer: scripts.owners(viewer, "shop"),
    "create": lambda scripts, viewer: scripts.create(viewer, "another"),
}
OF_OWNERS = {
    "save": lambda scripts, viewer: scripts.save(
        viewer, "shop", serving("GET /b"), base_version=None
    ),
    "check": lambda scripts, viewer: scripts.check(viewer, "shop"),
    "check_files": lambda scripts, viewer: scripts.check_files(viewer, "shop", TREE),
    "deploy": lambda scripts, viewer: scripts.deploy(viewer, "shop"),
    "put": lambda scripts, viewer: scripts.put(viewer, "shop", TREE),
    "log": lambda scripts, viewer: scripts.log(viewer, "shop", ScriptLogFilter(), None, 1),
    "set_limits": lambda scripts, viewer: scripts.set_limits(viewer, "shop", {"heap_mb": 64}),
    "add_owner": lambda scripts, viewer: scripts.add_owner(viewer, "shop", "ada@example.com"),
    "grant_role": lambda scripts, viewer: scripts.grant_role(
        viewer, "shop", "ada@example.com", "treasurer"
    ),
    "revoke_role": lambda scripts, viewer: scripts.revoke_role(
        viewer, "shop", "ada@example.com", "treasurer"
    ),
    "user_roles": lambda scripts, viewer: scripts.user_roles(viewer, "shop", None, None, 1),
    "title": lambda scripts, viewer: scripts.set_title(viewer, "shop", "Our shop"),
    "delete": lambda scripts, viewer: scripts.delete(viewer, "shop"),
}
OF_ADMINISTRATORS = {
    "suspend": lambda scripts, viewer: scripts.suspend(viewer, "shop"),
    "resume": lambda scripts, viewer: scripts.resume(viewer, "shop"),
    "limit": lambda scripts, viewer: scripts.set_limits(viewer, "shop", {"log_lines": 500}),
    "bind_host": lambda scripts, viewer: scripts.bind_host(viewer, "shop", "shop.example.org"),
    "page_mode": lambda scripts, viewer: scripts.set_page_mode(viewer, "shop", PageMode.SANDBOXED),
}


@pytest.fixture
async def shop(scripts, edith):
    await scripts.create(edith, "shop")
    return (await scripts.save(edith, "shop", TREE, base_version=0)).script


@pytest.fixture
def callers(edith, emma, alan, ada):
    return {
        "nobody": anonymous(Origin("web")),
        "plain": alan,
        "editor": emma,
        "owner": edith,
        "administrator": ada,
        "operator": operator("tests"),
        "owner_no_editor": replace(edith, roles=frozenset([Role.AUTHENTICATED])),
    }


def allowed(act):
    trusted = {"administrator", "operator"}
    if act in OF_EDITORS:
        return trusted | {"editor", "owner"}
    return trusted | ({"owner"} if act in OF_OWNERS else set())


@pytest.mark.parametrize("act", [*OF_EDITORS, *OF_OWNERS, *OF_ADMINISTRATORS])
async def test_the_table_of_rights_is_enforced(scripts, engine, shop, callers, events_of, act):
    call = {**OF_EDITORS, **OF_OWNERS, **OF_ADMINISTRATORS}[act]
    refused = [name for name in callers if name not in allowed(act)]

    for name in refused:
        before = await events_of()
        with pytest.raises(Unauthenticated if name == "nobody" else Forbidden):
            await call(scripts, callers[name])
        assert await events_of() == before, name
    for name in allowed(act):
        with suppress(Undo):
            async with engine.db.transaction():
                await call(scripts, callers[name])
                raise Undo


async def test_a_title_that_changes_is_recorded_once(scripts, engine, shop, edith):
    for title in (" Our shop ", "Our shop", ""):
        found = await scripts.set_title(edith, "shop", title)
        assert found.title == title.strip()
    with pytest.raises(BadUserInput):
        await scripts.set_title(edith, "shop", "x" * 201)

    rows = await engine.db.all(
        "select before, after from audit_events where action = 'script.title_changed' order by id"
    )
    assert [(row["before"]["title"], row["after"]["title"]) for row in rows] == [
        ("", "Our shop"),
        ("Our shop", ""),
    ]


class Undo(Exception):
    """Ends a transaction without a commit."""


async def test_a_token_needs_the_scope_for_writing_or_for_reading(scripts, shop, edith):
    reader = replace(edith, scopes=frozenset([Scope.READ]))
    writer = replace(edith, scopes=frozenset([Scope.SCRIPTS_WRITE]))

    await scripts.get(reader, "shop")
    await scripts.deploy(writer, "shop")
    with pytest.raises(Forbidden, match="scripts:write"):
        await scripts.deploy(reader, "shop")
    with pytest.raises(Forbidden, match="read"):
        await scripts.files(writer, "shop")


async def test_owners_are_added_and_removed_by_owners(scripts, shop, edith, emma, events_of):
    both = await scripts.add_owner(edith, "shop", emma.label)
    again = await scripts.add_owner(edith, "shop", emma.label)
    left = await scripts.remove_owner(emma, "shop", edith.label)

    assert [one.email for one in both] == [edith.label, emma.label] == [one.email for one in again]
    assert [one.email for one in left] == [emma.label]
    assert (await events_of())[-2:] == ["script.owner_added", "script.owner_removed"]
    with pytest.raises(Forbidden):
        await scripts.deploy(edith, "shop")


async def test_only_an_editor_becomes_an_owner(scripts, shop, edith, alan):
    with pytest.raises(Conflict, match="not an editor"):
        await scripts.add_owner(edith, "shop", alan.label)
    with pytest.raises(NotFound):
        await scripts.add_owner(edith, "shop", "nobody@example.com")
    with pytest.raises(NotFound, match="not an owner"):
        await scripts.remove_owner(edith, "shop", alan.label)


async def test_the_last_owner_stays_even_for_an_administrator(scripts, shop, edith, ada):
    for viewer in (edith, ada):
        with pytest.raises(LastOwner):
            await scripts.remove_owner(viewer, "shop", edith.label)


async def test_owners_who_all_leave_at_once_leave_one(scripts, shop, edith, add_person):
    others = [await add_person(f"owner{number}", Role.EDITOR) for number in range(4)]
    for other in others:
        await scripts.add_owner(edith, "shop", other.label)
    everyone = [edith, *others]

    results = await asyncio.gather(
        *(scripts.remove_owner(one, "shop", one.label) for one in everyone), return_exceptions=True
    )

    refused = [result for result in results if isinstance(result, Exception)]
    assert [type(one) for one in refused] == [LastOwner]
    assert len(await scripts.owners(edith, "shop")) == 1


async def test_a_suspended_script_keeps_its_routes_and_is_resumed(
    scripts, shop, edith, emma, ada, events_of
):
    await scripts.deploy(edith, "shop")

    suspended = await scripts.suspend(ada, "shop", "too slow")
    before = await events_of()
    assert (await scripts.suspend(ada, "shop", "again")).suspension_reason == "too slow"
    assert await events_of() == before

    assert suspended.current_state is ScriptState.SUSPENDED
    with pytest.raises(RouteTaken):
        await scripts.put(emma, "other", serving("GET /shop"))
    resumed = await scripts.resume(ada, "shop")
    assert (resumed.current_state, resumed.active_version) == (ScriptState.ACTIVE, 1)
    assert (await events_of())[-1] == "script.resumed"


async def test_the_engine_suspends_a_script_for_crashes_once(scripts, engine, shop, events_of):
    results = await asyncio.gather(
        *(scripts.suspend_for_crashes(shop.key, "3 processes ended") for _ in range(5))
    )

    assert sorted(results) == [False] * 4 + [True]
    assert (await events_of()).count("script.suspended") == 1
    actor = await engine.db.value(
        "select actor_kind from audit_events where action = 'script.suspended'"
    )
    assert actor == "system"


async def test_a_deleted_script_frees_slug_and_routes_and_is_restored_without_serving(
    scripts, shop, edith, emma, events_of
):
    await scripts.deploy(edith, "shop")

    await scripts.delete(edith, "shop")

    with pytest.raises(NotFound):
        await scripts.get(edith, "shop")
    await scripts.put(emma, "other", serving("GET /shop"))
    restored = await scripts.restore(edith, "shop")
    assert (restored.current_state, restored.newest_version) == (ScriptState.DRAFT, 1)
    assert (await events_of())[-1] == "script.restored"
    with pytest.raises(RouteTaken):
        await scripts.deploy(edith, "shop")


async def test_a_deleted_script_is_restored_by_its_owner_while_its_slug_is_free(
    scripts, shop, edith, emma
):
    await scripts.delete(edith, "shop")
    with pytest.raises(Forbidden):
        await scripts.restore(emma, "shop")
    await scripts.create(emma, "shop")

    with pytest.raises(Conflict, match="Another script"):
        await scripts.restore(edith, "shop")
    listed = await scripts.page(edith, ScriptFilter(state=ScriptState.DELETED), None, 9)
    assert [one.slug for one in listed] == ["shop"]


async def test_owners_lower_limits_and_administrators_raise_them_up_to_the_maximum(
    scripts, shop, edith, ada, events_of
):
    lowered = await scripts.set_limits(edith, "shop", {"call_timeout_secs": 1})
    raised = await scripts.set_limits(ada, "shop", {"heap_mb": 512, "resident_mb": 900})
    # A value that an administrator set is no obstacle to other changes.
    kept = await scripts.set_limits(edith, "shop", {"heap_mb": 512, "log_lines": 5})

    assert scripts.limits_of(lowered).call_timeout_secs == 1.0
    assert scripts.limits_of(raised).heap_mb == 512
    assert kept.overrides == {
        "call_timeout_secs": 1.0,
        "heap_mb": 512,
        "resident_mb": 900,
        "log_lines": 5,
    }
    assert (await scripts.set_limits(edith, "shop", {"heap_mb": None})).overrides.keys() == {
        "call_timeout_secs",
        "resident_mb",
        "log_lines",
    }
    assert (await events_of()).count("script.limits_changed") == 4


@pytest.mark.parametrize(
    "wanted",
    [
        {"heap_mb": 10**6},
        {"heap_mb": 1},
        {"heap_mb": 400},
        {"heap_mb": "64"},
        {"heap_mb": True},
        {"heap_mb": 64.5},
        {"call_timeout_secs": float("nan")},
        {"call_timeout_secs": -1},
        {"colour": 1},
    ],
)
async def test_a_limit_out_of_range_is_refused_for_everyone(scripts, shop, ada, wanted):
    with pytest.raises(BadUserInput, match="limits"):
        await scripts.set_limits(ada, "shop", wanted)


async def test_a_script_moves_with_its_routes_to_its_host(scripts, shop, edith, emma, ada):
    await scripts.deploy(edith, "shop")

    bound = await scripts.bind_host(ada, "shop", "Shop.Example.ORG.")

    assert bound.host == "shop.example.org"
    await scripts.put(emma, "other", serving("GET /shop"))
    with pytest.raises(RouteTaken):
        await scripts.bind_host(ada, "shop", None)
    for wrong in ("", "a b", "x:80", "-a.org", "a..b"):
        with pytest.raises(BadUserInput, match="host"):
            await scripts.bind_host(ada, "shop", wrong)


async def test_full_pages_need_a_host_of_their_own(scripts, shop, ada):
    with pytest.raises(Conflict, match="scripts_host"):
        await scripts.set_page_mode(ada, "shop", PageMode.FULL)
    await scripts.bind_host(ada, "shop", "shop.example.org")

    assert (await scripts.set_page_mode(ada, "shop", PageMode.FULL)).page_mode is PageMode.FULL
    assert (await scripts.bind_host(ada, "shop", None)).page_mode is PageMode.SANDBOXED
