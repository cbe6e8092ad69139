"""A field belongs to one script of a host, a type has one meaning there, whatever races."""

import asyncio
from uuid import UUID

import pytest
from tests.script_graphql.registering import classic

from aiwebengine.core.errors import Conflict
from aiwebengine.script_graphql import names as names_module
from aiwebengine.script_graphql.names import GraphQLNames, NameTaken
from aiwebengine.scripts.types import Severity

SCRIPTS_HOST = "scripts.example.org"
PERSON = "type Person { name: String }"
OTHER_PERSON = "type Person { age: Int }"


@pytest.fixture
def names(engine):
    return GraphQLNames(engine.db, SCRIPTS_HOST)


@pytest.fixture
def add_script(engine):
    async def add(slug, host=None) -> UUID:
        return await engine.db.value(
            "insert into scripts (slug, host, created_by) values (:slug, :host, 'tests')"
            " returning id",
            slug=slug,
            host=host,
        )

    return add


async def take(engine, names, script, *registrations):
    async with engine.db.transaction():
        await names.take(script, registrations)


def reading(files):
    async def read():
        return files

    return read


async def test_a_field_belongs_to_one_script_of_a_host(engine, names, add_script):
    one, two = await add_script("one"), await add_script("two")
    await take(engine, names, one, classic("a", "a: Int"))
    with pytest.raises(NameTaken, match=r"The GraphQL field Query\.a belongs to the script one\."):
        await take(engine, names, two, classic("a", "a: Int"), classic("b", "b: Int"))
    # A mutation of the same name is another field.
    await take(engine, names, two, classic("a", "a: Int", "mutation"))
    await take(engine, names, one, classic("c", "c: Int"))
    await take(engine, names, two, classic("a", "a: Int"))


async def test_a_type_has_one_meaning(engine, names, add_script):
    one, two = await add_script("one"), await add_script("two")
    await take(engine, names, one, classic("a", f"a: Person {PERSON}"))
    await take(engine, names, two, classic("b", f'b: Person "alike" {PERSON}'))
    with pytest.raises(NameTaken, match="The type Person is defined differently in the script"):
        await take(engine, names, two, classic("b", f"b: Person {OTHER_PERSON}"))
    await take(engine, names, one, classic("a", "a: Int"))
    await take(engine, names, two, classic("b", f"b: Person {OTHER_PERSON}"))


@pytest.mark.parametrize(
    ("first", "second", "is_shared"),
    [
        (None, "shop.example.org", False),
        ("a.example.org", "b.example.org", False),
        ("a.example.org", "a.example.org", True),
        # The host of scripts serves unbound scripts as well.
        (None, SCRIPTS_HOST, True),
    ],
)
async def test_hosts_have_names_of_their_own(engine, names, add_script, first, second, is_shared):
    await take(engine, names, await add_script("one", first), classic("a", "a: Int"))
    taking = take(engine, names, await add_script("two", second), classic("a", "a: Int"))
    if is_shared:
        with pytest.raises(NameTaken):
            await taking
    else:
        await taking


async def test_of_two_deployments_at_once_one_wins(engine, names, add_script):
    scripts = [await add_script(f"script-{number}") for number in range(6)]
    results = await asyncio.gather(
        *(
            take(engine, names, script, classic("a", f"a: Person type Person {{ n{n}: Int }}"))
            for n, script in enumerate(scripts)
        ),
        return_exceptions=True,
    )
    assert [type(result) for result in results if result is not None] == [NameTaken] * 5
    rows = await engine.db.all("select distinct script_id from script_graphql_names")
    assert len(rows) == 1


async def test_names_are_free_again(engine, names, add_script):
    one, two = await add_script("one"), await add_script("two")
    await take(engine, names, one, classic("a", "a: Int"))
    async with engine.db.transaction():
        await names.release(one)
    await take(engine, names, two, classic("a", "a: Int"))
    await engine.db.execute("delete from scripts where id = :id", id=two)
    await take(engine, names, one, classic("a", "a: Int"))


async def test_a_script_is_not_bound_where_its_names_are_taken(engine, names, add_script):
    one, two = await add_script("one"), await add_script("two", "shop.example.org")
    for script in (one, two):
        await take(engine, names, script, classic("a", "a: Int"))
    with pytest.raises(NameTaken):
        async with engine.db.transaction():
            await engine.db.execute("update scripts set host = null where id = :id", id=two)
            await names.move(two)
    async with engine.db.transaction():
        await engine.db.execute("update scripts set host = 'x.example' where id = :id", id=two)
        await names.move(two)


async def test_a_host_has_a_limit(engine, names, add_script, monkeypatch):
    monkeypatch.setattr(names_module, "MOST_NAMES", 3)
    await take(engine, names, await add_script("one"), classic("a", f"a: Person {PERSON}"))
    two = await add_script("two")
    with pytest.raises(Conflict, match="have 2 GraphQL fields and types; allowed: 3"):
        await take(engine, names, two, classic("b", "b: Int"), classic("c", "c: Int"))
    await take(engine, names, two, classic("b", "b: Int"))


FILE = b"""// A script.
const sdl = `
  type Query {
    a: Person
  }
  type Person { name: Strin }
`;
"""


async def test_problems_have_their_place_in_the_files(names):
    sdl = FILE.decode().split("`")[1]
    (problem,) = await names.problems(None, [classic("a", sdl)], reading({"main.ts": FILE}))
    assert problem.severity is Severity.ERROR
    assert problem.message == "GraphQL: Unknown type 'Strin'. Did you mean 'String'?"
    assert (problem.file, problem.line, problem.column) == ("main.ts", 6, 23)


async def test_problems_of_a_text_that_is_in_no_file_name_its_line(names):
    (problem,) = await names.problems(
        None, [classic("a", "a: Int\nb(: Int")], reading({"main.ts": FILE})
    )
    assert problem.message.endswith("(Line 2, column 3 of the SDL.)")
    assert (problem.file, problem.line) == (None, None)


async def test_clashes_are_problems(engine, names, add_script):
    one, two = await add_script("one"), await add_script("two")
    await take(engine, names, one, classic("a", f"a: Person {PERSON}"))
    files = {"main.ts": b'\nregister("a", "a: Person type Person { age: Int }");'}
    registrations = [classic("a", f"a: Person {OTHER_PERSON}")]
    for script in (None, two):
        found = await names.problems(script, registrations, reading(files))
        assert [problem.text for problem in found] == [
            "main.ts:2:11: The GraphQL field Query.a belongs to the script one.",
            "main.ts:2:26: The type Person is defined differently in the script one. Define it"
            " alike, or use another name.",
        ]
    assert await names.problems(one, registrations, reading(files)) == []


async def test_other_registrations_cost_nothing(names, monkeypatch):
    monkeypatch.setattr(names_module, "offer_of", None)
    assert await names.problems(None, [{"kind": "route", "path": "/"}], None) == []
