"""The schema of a host: the union of what its scripts offer, valid for all of them."""

from graphql import Source, graphql_sync, parse, print_schema, validate, validate_schema
from tests.script_graphql.registering import classic, contribution, module

from aiwebengine.script_graphql.composer import Composer
from aiwebengine.script_graphql.types import Audience

PERSON = "type Person { name: String friends: [Person!] }"


def attach(field, origin, root_field):
    field.resolve = lambda *_, **arguments: f"{origin.slug} {arguments}"


def composed(*contributions):
    return Composer(attach).compose(contributions)


def answer(found, query, audience=Audience.CLIENTS):
    return graphql_sync(found.schemas[audience], Source(query))


def test_fields_of_several_scripts_are_answered_by_their_own():
    found = composed(
        contribution("one", classic("a", "a(x: Int): String")),
        contribution("two", *module("type Query { b: String }", "Query.b")),
    )
    result = answer(found, "{ a(x: 1) b }")
    assert result.data == {"a": "one {'x': 1}", "b": "two {}"}
    assert not found.left_out


def test_a_type_that_two_scripts_define_alike_is_one_type():
    found = composed(
        contribution("one", classic("a", "a: Person " + PERSON)),
        contribution("two", classic("b", '"other words" ' + PERSON + " b: Person")),
    )
    assert not found.left_out
    assert print_schema(found.schemas[Audience.CLIENTS]).count("type Person ") == 1


def test_what_clashes_is_left_out_and_nothing_else():
    first = contribution("first", classic("a", "a: Person " + PERSON))
    same_field = contribution("same-field", classic("a", "a: Int"), classic("c", "c: Int"))
    other_type = contribution("other-type", classic("d", "d: Person type Person { age: Int }"))
    last = contribution("last", classic("e", "e: String"))
    found = composed(first, same_field, other_type, last)
    assert found.left_out == ["same-field", "other-type"]
    assert answer(found, "{ e }").data == {"e": "last {}"}
    assert set(found.schemas[Audience.CLIENTS].query_type.fields) == {"a", "e"}


def test_types_that_no_field_reaches_clash_with_nothing():
    unused = contribution("unused", classic("a", "a: Int type Person { age: Int }"))
    found = composed(unused, contribution("used", classic("b", "b: Person " + PERSON)))
    assert not found.left_out
    assert "age" not in print_schema(found.schemas[Audience.SCRIPTS])


def test_clients_see_nothing_of_internal_fields():
    found = composed(
        contribution(
            "one",
            classic("open", "open: Int"),
            classic("hidden", "hidden: Secret type Secret { x: Int }", visibility="internal"),
        )
    )
    for_clients = print_schema(found.schemas[Audience.CLIENTS])
    assert "hidden" not in for_clients
    assert "Secret" not in for_clients
    assert "hidden: Secret" in print_schema(found.schemas[Audience.SCRIPTS])


def test_a_host_without_queries_has_a_valid_schema():
    for contributions in ([], [contribution("one", classic("a", "a: Int", "mutation"))]):
        for schema in composed(*contributions).schemas.values():
            schema._validation_errors = None
            assert validate_schema(schema) == []
            assert validate(schema, parse("{ __typename _empty }")) == []


def test_every_union_is_valid():
    """The union is never validated when it is built: it can't be invalid."""
    sdl = """
        {f}(by: By{n}, other: [Int!]): Pet
        interface Pet {{ name: String! }}
        type Cat{n} implements Pet {{ name: String! owner: Owner }}
        type Owner {{ id: ID! pets: [Pet!]! }}
        input By{n} {{ id: ID = 7 also: [By{n}!] }}
        union Either{n} = Cat{n} | Owner
    """
    kinds = ("query", "mutation", "subscription")
    found = composed(
        *(
            contribution(
                f"script-{n}",
                classic(
                    f"f{n}",
                    sdl.format(f=f"f{n}", n=n),
                    kinds[n % 3],
                    ("internal", "engine", "external")[n % 2],
                ),
            )
            for n in range(12)
        )
    )
    assert not found.left_out
    for schema in found.schemas.values():
        schema._validation_errors = None
        assert validate_schema(schema) == []


def test_a_deployment_builds_only_the_types_that_it_is_about():
    composer = Composer(attach)
    shared = "type Person { name: String }"

    def scripts(version):
        return [
            contribution("alone", classic("a", "a: Own type Own { x: Int }")),
            contribution("one", classic("b", f"b: Person {shared}")),
            contribution("two", classic("c", f"c: Person {shared}")),
            contribution("new", classic("d", f"d{version}: Int d: New type New {{ x: Int }}")),
        ]

    def types(version):
        found = composer.compose(scripts(version))
        assert not found.left_out
        return found.schemas[Audience.CLIENTS].type_map

    before, after = types(1), types(1)
    assert all(before[name] is after[name] for name in ("Own", "Person", "New"))
    composer.keep_only(scripts(1)[:3])
    after = types(1)
    assert before["Own"] is after["Own"]
    assert before["Person"] is after["Person"]
    assert before["New"] is not after["New"]
