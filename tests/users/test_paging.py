"""Lists of users: every page, every order, every search, against a plain sort in Python."""

from datetime import UTC
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Role
from aiwebengine.graphql.connection import Cursors
from aiwebengine.users.types import (
    OrderDirection,
    UserFilter,
    UserOrder,
    UserOrderField,
    UserStatus,
)

PEOPLE = [
    ("ada@example.com", "Ada Lovelace", [Role.ADMINISTRATOR]),
    ("alan@example.com", "", []),
    ("émile@example.com", "Émile Łukasz", [Role.EDITOR]),
    ("emile@example.com", "emile", []),
    ("percent@example.com", "100% _under\\score", [Role.EDITOR, Role.ADMINISTRATOR]),
    ("same1@example.com", "Same Name", []),
    ("same2@example.com", "Same Name", []),
    ("same3@example.com", "same name", [Role.EDITOR]),
    ("istanbul@example.com", "İstanbul", []),
    ("z@example.org", "'; drop table users; --", []),
]
PIECES = ["a", "%", "_", "\\", "e", "same", "ada", "LOVE", "é", "example.com", "drop table", "İ"]


class OneKey:
    """A ring with one key."""

    def __init__(self, secret):
        self.signing = (1, secret)

    def secret(self, number):
        return self.signing[1] if number == 1 else None


on_one_database = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
async def people(engine, ada):
    for email, name, roles in PEOPLE[1:]:
        await engine.services.users.invite(ada, email, name, roles)
    rows = await engine.db.all("select id, email, name, created_at, status from users")
    roles = await engine.db.all("select user_id, role from user_roles")
    held = {
        row["id"]: {Role(r["role"]) for r in roles if r["user_id"] == row["id"]} for row in rows
    }
    return [(row, held[row["id"]] | {Role.AUTHENTICATED}) for row in rows]


@on_one_database
@given(
    size=st.integers(1, 11),
    field=st.sampled_from(UserOrderField),
    direction=st.sampled_from(OrderDirection),
    search=st.one_of(st.none(), st.sampled_from(PIECES), st.text(min_size=1, max_size=3)),
    role=st.one_of(st.none(), st.sampled_from(Role)),
    status=st.one_of(st.none(), st.sampled_from(UserStatus)),
)
async def test_the_pages_of_a_list_are_the_list(
    engine, ada, people, size, field, direction, search, role, status
):
    service, order = engine.services.users, UserOrder(field=field, direction=direction)
    if search is not None and ("\0" in search or not search.isprintable() or not search.strip()):
        search = None
    wanted = UserFilter(search=search, role=role, status=status)

    seen, after = [], None
    while True:
        found = await service.page(ada, wanted, order, after, size)
        seen += [user.key for user in found[:size]]
        assert len(found) <= size + 1
        if len(found) <= size:
            break
        after = (found[size - 1].place, found[size - 1].key)

    # PostgreSQL folds case letter by letter, Python sometimes into two letters.
    lower = {
        row["id"]: row["text"]
        for row in await engine.db.all("select id, lower(name || ' ' || email) as text from users")
    }
    needle = None if search is None else await engine.db.value("select lower(:s)", s=search)
    expected = {
        row["id"]
        for row, held in people
        if (needle is None or needle in lower[row["id"]])
        and (role is None or role in held)
        and (status is None or status.value == row["status"])
    }
    assert len(seen) == len(set(seen))
    assert set(seen) == expected
    assert await service.count(ada, wanted) == len(expected)


async def test_newest_first_and_a_newcomer_does_not_shift_the_next_page(engine, ada, people):
    service, order = engine.services.users, UserOrder()
    first = await service.page(ada, UserFilter(), order, None, 4)

    await service.invite(ada, "newcomer@example.com")
    after = (first[3].place, first[3].key)
    second = await service.page(ada, UserFilter(), order, after, 4)

    newest = sorted(people, key=lambda one: (one[0]["created_at"], one[0]["id"]), reverse=True)
    assert [user.key for user in first[:4]] == [row["id"] for row, _ in newest[:4]]
    assert [user.key for user in second[:4]] == [row["id"] for row, _ in newest[4:8]]


async def test_a_search_that_finds_many_is_counted_right(engine, ada, monkeypatch):
    from aiwebengine.users import store

    monkeypatch.setattr(store, "FEW", 3)
    for number in range(7):
        await engine.services.users.invite(ada, f"many{number}@example.com")

    assert await engine.services.users.count(ada, UserFilter(search="many")) == 7
    assert await engine.services.users.count(ada, UserFilter(search="many3")) == 1


keys = st.tuples(
    st.one_of(st.text(), st.integers(), st.datetimes(timezones=st.just(UTC)), st.uuids()),
    st.uuids(),
)


@given(key=keys, name=st.text(max_size=10), binding=st.text(max_size=10))
@settings(deadline=None)
def test_a_cursor_gives_back_the_key_it_was_made_of(key, name, binding):
    cursors = Cursors(OneKey(b"k" * 32))
    try:
        made = cursors.encode(name, binding, key)
    except (UnicodeEncodeError, TypeError, OverflowError):
        return

    assert cursors.decode(name, binding, made) == key


@given(place=st.integers(0, 60), letter=st.sampled_from("ABab01-_"))
def test_a_cursor_that_was_tampered_with_is_refused(place, letter):
    cursors = Cursors(OneKey(b"k" * 32))
    made = cursors.encode("users", "all", ("ada", UUID(int=7)))
    place %= len(made)
    tampered = made[:place] + letter + made[place + 1 :]

    if tampered != made:
        with pytest.raises(BadUserInput):
            cursors.decode("users", "all", tampered)


@pytest.mark.parametrize("cursor", ["", "x", "é", "====", "A" * 500, "\ud800"])
def test_an_invalid_cursor_is_refused(cursor):
    with pytest.raises(BadUserInput, match="after"):
        Cursors(OneKey(b"k" * 32)).decode("users", "all", cursor)


def test_a_cursor_fits_its_own_list_and_no_other():
    cursors = Cursors(OneKey(b"k" * 32))
    made = cursors.encode("users", "all", ("ada", uuid4()))

    for name, binding in [("auditEvents", "all"), ("users", "editors")]:
        with pytest.raises(BadUserInput):
            cursors.decode(name, binding, made)
    with pytest.raises(BadUserInput):
        Cursors(OneKey(b"l" * 32)).decode("users", "all", made)


async def test_a_page_takes_the_same_number_of_statements_whatever_its_size(
    engine, ada, people, ask
):
    query = """query ($first: Int!) { users(first: $first) { totalCount nodes {
      email roles providers grants { role } identities { provider } sessions { id }
      apiTokens { id } } } }"""

    async def statements(first):
        ran = []
        engine.db.observers = [ran.append]
        body = await ask(ada, query, first=first)
        assert len(body["data"]["users"]["nodes"]) == first
        return len(ran)

    assert await statements(2) == await statements(10) <= 6
