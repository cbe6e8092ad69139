"""Reading what scripts register: every form of SDL, and a message for everything else."""

import pytest
from tests.script_graphql.registering import classic, module

from aiwebengine.script_graphql import registered, sdl
from aiwebengine.script_graphql.offers import offer_of
from aiwebengine.script_graphql.types import Kind, Visibility

PERSON = "type Person { name: String friends: [Person!] }"


def messages(*registrations):
    return [problem.message for problem in offer_of(registrations).problems]


@pytest.mark.parametrize(
    "text",
    [
        "type Query { hello(name: String): Person } " + PERSON,
        PERSON + " type Query { hello(name: String): Person }",
        "extend type Query { hello(name: String): Person } " + PERSON,
        "hello(name: String): Person " + PERSON,
        PERSON + "\nhello(name: String): Person",
        PERSON + '\n"Greets"\nhello(\n  "of a person"\n  name: String = "you"\n): Person\n# end',
        "schema { query: Query } type Query { hello: Person } " + PERSON,
        "hello: Person type Person { name: String } extend type Person { friends: [Person!] }",
        'hello: Person! @deprecated(reason: "old") ' + PERSON,
        "hello: Person type: Int input: Int " + PERSON,
    ],
)
def test_a_field_is_found_in_every_form_of_sdl(text):
    checked = offer_of([classic("hello", text)])
    assert not checked.problems
    (field,) = checked.offer.fields
    assert (field.kind, field.path, field.reaches) == (Kind.QUERY, "Query.hello", {"Person"})


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_has_its_root_type(kind):
    for text in ("tick: Int", f"type {kind.root} {{ tick: Int }}"):
        (field,) = offer_of([classic("tick", text, kind.value)]).offer.fields
        assert field.kind is kind


def test_fields_of_one_script_share_their_types():
    offer = offer_of(
        [classic("one", "one: Person " + PERSON), classic("other", "other: [Person]")]
    ).offer
    assert [field.reaches for field in offer.fields] == [{"Person"}] * 2


def test_the_same_type_may_be_defined_again():
    again = '"A person" type Person { friends: [Person!] name: String }'
    checked = offer_of(
        [classic("one", "one: Person " + PERSON), classic("other", "other: Person " + again)]
    )
    assert len(checked.offer.fields) == 2
    assert not checked.problems


def test_a_field_reaches_what_its_types_are_made_of():
    offer = offer_of(
        [
            classic(
                "pet",
                """
                pet(by: By): Pet
                interface Pet { name: String } type Cat implements Pet { name: String food: Food }
                type Food { id: ID } input By { id: ID kind: Kind } enum Kind { CAT DOG }
                type Unused { pet: Pet }
                """,
            )
        ]
    ).offer
    assert offer.fields[0].reaches == {"Pet", "Cat", "Food", "By", "Kind"}


def test_visibility_of_a_module_is_that_of_its_field_or_of_all():
    sdl, names = "type Query { a: Int b: Int }", ("Query.a", "Query.b")
    offer = offer_of(module(sdl, *names)).offer
    assert {field.visibility for field in offer.fields} == {Visibility.EXTERNAL}
    offer = offer_of(module(sdl, *names, visibility="engine", b="internal")).offer
    assert [field.visibility.value for field in offer.fields] == ["engine", "internal"]


def test_a_field_without_resolver_is_left_out_of_a_classic_script():
    checked = offer_of([classic("a", "type Query { a: Int\n b: Int }")])
    assert [field.name for field in checked.offer.fields] == ["a"]
    (problem,) = checked.problems
    assert problem.is_warning
    assert (problem.message, problem.line, problem.column) == (
        "Query.b has no resolver, so it is left out.",
        2,
        2,
    )


@pytest.mark.parametrize(
    ("registration", "message"),
    [
        (classic("a", "a: Strin"), "Unknown type 'Strin'. Did you mean 'String'?"),
        (classic("a", "a(: Int"), "Expected Name, found ':'."),
        (classic("a", ""), "The SDL does not define Query.a."),
        (classic("a", 7), "query a: the SDL must be a text."),
        (classic("b", "a: Int"), "The SDL does not define Query.b."),
        (classic("a", "type Mutation { a: Int }"), "defines it"),
        (classic("a", "a: String type String { x: Int }"), "String can't be defined"),
        (classic("a", "a: T type T { x: Int } type T { y: Int }"), "The type T is defined twice."),
        (classic("a", "a: T extend type T { x: Int }"), "The SDL extends T"),
        (classic("a", "a: Int enum Query { A }"), "Query must be an object type."),
        (classic("a", "a: Int directive @b on FIELD"), "can't define this here: directive"),
        (classic("a", "query { a }"), "can't define this here: operation"),
        (classic("a", "a: Int schema { query: Root }"), "must be called Query"),
        (classic("a", "a: " + "[" * 5_000 + "Int" + "]" * 5_000), "nested too deeply"),
        (classic("a", "a: Int " + "# \n" * 30_000), "tokens"),
        (classic("a", "a: T type T implements I { x: Int } interface I { y: Int }"), "I.y"),
        (classic("a", "a(b: T): Int type T { x: Int }"), "must be Input Type"),
        (classic("a", "a: Int @no"), "Unknown directive '@no'."),
        (classic("__a", "__a: Int"), "must not begin with '__'"),
        (classic("a", "a: Int", visibility="all"), "'all' is unknown; use internal, engine, ex"),
        (classic("a", "a: Int", visibility=["x"]), "is unknown"),
        (classic("a" * 101, "a: Int"), "1 to 100 characters"),
        (classic("a", "a: Int", handler="h" * 601), "at most 600"),
        (classic("a", "a: Int", handler=None), "Query.a has no resolver."),
        (module("type Query { a: Int }"), "Query.a has no resolver."),
        (module("type Query { a: Int }", "Query.a", "Query.b"), "does not define Query.b"),
        (module("type Query { a: Int } b: Int", "Query.a"), "The field b is outside of Query"),
        (module("type Query { a: Int }", "Nothing.a"), "1 to 100 characters"),
    ],
)
def test_what_is_wrong_is_said(registration, message):
    checked = offer_of(registration if isinstance(registration, list) else [registration])
    assert not checked.offer
    found = [problem.message for problem in checked.problems]
    assert any(message.replace("defines it", "it is in Mutation") in one for one in found), found


def test_types_with_one_name_and_two_meanings_in_one_script():
    (problem,) = offer_of(
        [classic("a", "a: T type T { x: Int }"), classic("b", "b: T\ntype T { y: Int }")]
    ).problems
    assert problem.message == "The script defines the type T in two ways."
    assert (problem.sdl, problem.line) == ("b: T\ntype T { y: Int }", 2)


def test_a_field_is_registered_once():
    assert messages(classic("a", "a: Int"), classic("a", "a: String")) == [
        "Query.a is registered twice."
    ]


def test_a_place_is_that_of_the_error_in_the_text():
    text = "type Query {\n  a: Int\n   b: Missing\n}"
    (problem,) = offer_of([classic("a", text), classic("b", text)]).problems
    assert (problem.sdl, problem.line, problem.column) == (text, 3, 7)


def test_registrations_of_any_shape_are_read():
    odd = [None, 7, "query", [], {}, {"kind": []}, {"kind": "graphql"}, {"kind": "route"}]
    odd += [{"kind": "graphqlField", "operation": one, "name": one} for one in (None, 7, [])]
    odd += [{"kind": "query", "name": name, "sdl": "a: Int"} for name in (None, 7, {}, "")]
    assert not offer_of(odd).offer


def test_limits_of_one_script():
    most = registered.MOST_FIELDS
    fields = [classic(f"f{number}", f"f{number}: Int") for number in range(most + 1)]
    assert len(offer_of(fields[:most]).offer.fields) == most
    assert messages(*fields) == [f"A script may have at most {most} GraphQL fields."]
    text = "a: Int #" + "x" * sdl.LARGEST_SDL
    assert "characters of SDL" in messages(classic("a", text))[0]
    types = " ".join(f"type T{number} {{ x: Int }}" for number in range(501))
    assert messages(classic("a", "a: Int " + types)) == [
        "A script may define at most 500 types; found: 501."
    ]
