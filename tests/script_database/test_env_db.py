"""`env.db` and `database` in running scripts."""

import json
from pathlib import Path

import httpx2
import pytest
from tests.script_routes.site import PATIENCE, running

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture(scope="module")
def site(server, database_copies, tmp_path_factory):
    name = database_copies.take()
    with running(tmp_path_factory.mktemp("site"), server.database(name)) as site:
        site.deploy("db", (PROGRAMS / "module.js").read_text())
        site.deploy("classic", (PROGRAMS / "classic.js").read_text())
        yield site
    database_copies.give_back(name)


def get(site, path):
    return httpx2.get(f"{site.base}{path}", timeout=PATIENCE)


def answer(site, path):
    found = get(site, path)
    assert found.status_code == 200, found.text
    return json.loads(found.text)


@pytest.fixture
def notes(site):
    return answer(site, "/db/setup")


def test_statements_of_each_kind(site, notes):
    rows = [{"id": 1, "text": "a"}, {"id": 2, "text": "b"}]
    assert notes == rows
    assert answer(site, "/db/reads") == {
        "query": rows,
        "one": {"text": "b"},
        "none": None,
        "value": 2,
        "noValue": None,
        "count": 2,
        "sql": [{"text": "b"}],
        "many": [1, 2, 3, 4, 5, 6],
    }


def test_results_have_the_types_of_the_documentation(site):
    assert answer(site, "/db/types") == {
        "small": 1,
        "big": "9007199254740993n",
        "number": "1.50",
        "float": 0.5,
        "yes": True,
        "nothing": None,
        "text": "x",
        "json": {"a": [1, {"b": None}]},
        "at": "2026-01-02T01:04:05.678901Z",
        "day": "2026-01-02",
        "span": "01:00:02",
        "bytes": {"0": 0, "1": 255},
        "numbers": [1, None, 3],
        "words": ["a", "b"],
        "id": "6f1f4e0a-0000-4000-8000-000000000001",
        "blobs": [{"0": 1}],
        "address": "10.0.0.1",
        "grid": [[1, 2], [3, 4]],
    }


def test_parameters_are_converted_to_the_types_of_the_statement(site):
    assert answer(site, "/db/parameters") == {
        "number": 1,
        "big": "9007199254740993n",
        "text": "x",
        "json": {"a": [1, "'"]},
        "at": "1970-01-01T00:00:00Z",
        "bytes": "00ff",
        "numbers": [1, None, 3],
        "yes": True,
        "exact": "0.10",
        "id": "6f1f4e0a-0000-4000-8000-000000000001",
        "day": "2026-01-02",
        "words": ["a", 'b"c'],
        "f": 1e21,
        "span": "2 days",
        "length": "200000",
    }


def test_long_parameters_arrive(site):
    found = httpx2.post(f"{site.base}/db/long", content=b"x" * 700_000, timeout=PATIENCE)

    assert (found.status_code, found.text) == (200, "700000")


def test_errors_say_what_is_wrong_and_where(site, notes):
    found = answer(site, "/db/errors")

    assert {name: one["code"] for name, one in found.items() if "code" in one} == {
        "syntax": "BAD_USER_INPUT",
        "missing": "BAD_USER_INPUT",
        "unique": "CONFLICT",
        "parameter": "BAD_USER_INPUT",
        "count": "BAD_USER_INPUT",
        "refused": "BAD_USER_INPUT",
        "many": "LIMIT",
        "large": "LIMIT",
    }
    assert 'column "nothing" does not exist' in found["missing"]["message"]
    assert "duplicate key" in found["unique"]["message"]
    assert found["parameter"]["message"] == '$1 must be int4; found "x".'
    assert "RESET is not available" in found["refused"]["message"]
    assert "main.js:" in found["missing"]["stack"]
    assert "$1 is undefined" in found["undefinedOne"]["message"]
    assert answer(site, "/db/after") == 1


def test_transactions_commit_and_roll_back(site, notes):
    assert answer(site, "/db/transaction") == {
        "seen": "CONFLICT",
        "rolledBack": "no",
        "texts": ["a", "b", "c", "e"],
    }


def test_a_transaction_can_not_be_used_after_its_end(site, notes):
    assert answer(site, "/db/escapes")["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("how", "status"),
    [("returns", 200), ("throws", 500), ("loops", 504), ("waits", 504), ("grows", 502)],
)
def test_what_is_open_when_the_call_ends_is_rolled_back(how, status, site, notes):
    assert get(site, f"/db/leaves/{how}").status_code == status

    assert answer(site, f"/db/has/{how}") is False


def test_init_of_a_classic_script_creates_tables(site):
    found = answer(site, "/classic/init")

    assert [one["success"] for one in found] == [True] * 9


def test_rows_of_a_classic_script(site):
    assert answer(site, "/classic/rows") == {
        "first": {"name": "a", "sold": False, "hasTime": True},
        "more": ["b"],
        "not": 1,
        "updated": 9,
        "upserted": 1,
        "deleted": True,
        "left": ["a"],
    }


def test_errors_of_a_classic_script_are_json(site):
    found = answer(site, "/classic/errors")

    injected = found.pop(4)
    assert injected == "x', (select 1)); drop table items --"
    assert all(one["error"] and one["success"] is False for one in found)


def test_transactions_of_a_classic_script(site):
    found = answer(site, "/classic/transaction")

    assert found["begun"] == {"success": True}
    assert found["point"]["savepoint"] == "here"
    assert found["failed"] is True
    assert "is open" in found["twice"]
    assert found["names"] == ["kept"]
    assert get(site, "/classic/throws").status_code == 500
    rows = answer(site, "/classic/transaction")
    assert "lost" not in rows["names"]


def test_commit_and_rollback_are_names_of_the_classic_form(site):
    assert answer(site, "/classic/shortNames") == {
        "committed": {"success": True},
        "undone": {"success": True},
        "short": ["short: kept"],
        "none": ["NOT_FOUND", "NOT_FOUND"],
    }


def test_a_lease_has_one_owner(site):
    assert answer(site, "/classic/leases") == [True, False, True]
