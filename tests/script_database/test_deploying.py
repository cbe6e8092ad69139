"""Migrations at deployments by REST: with the version that needs them, or not at all."""

import httpx2
import pytest
from tests.script_database.test_env_db import answer
from tests.script_routes.site import PATIENCE, running

SOURCE = """
export const routes = {
  "GET /migrated": async (request, { db }) => Response.json({
    version: VERSION,
    columns: (await db.query(
      "select column_name as name from information_schema.columns where table_name = 'notes'"
      + " order by ordinal_position",
    )).map((row) => row.name),
  }),
};
"""
FIRST = {"migrations/0001.sql": "create table notes (id int);\n"}
SECOND = {
    **FIRST,
    "migrations/0002.sql": "alter table notes add column text text;\n",
    "migrations/0002.rollback.sql": "alter table notes drop column text;\n",
}
BROKEN = {
    **SECOND,
    "migrations/0003.sql": "alter table notes add column n int;\n\nselect nothing;\n",
}


@pytest.fixture(scope="module")
def site(server, database_copies, tmp_path_factory):
    name = database_copies.take()
    with running(tmp_path_factory.mktemp("site"), server.database(name)) as site:
        yield site
    database_copies.give_back(name)


def put(site, version, files):
    source = SOURCE.replace("VERSION", str(version))
    return httpx2.put(
        f"{site.base}/api/engine/scripts/migrated",
        json={"files": {"main.js": source, **files}},
        cookies=site.cookies,
        timeout=PATIENCE,
    )


def test_a_version_comes_with_its_migrations(site):
    """Deployed, broken, undone: what is served always fits its tables."""
    assert put(site, 1, FIRST).status_code == 201
    assert answer(site, "/migrated") == {"version": 1, "columns": ["id"]}
    assert put(site, 2, SECOND).status_code == 200
    both = {"version": 2, "columns": ["id", "text"]}
    assert answer(site, "/migrated") == both

    refused = put(site, 3, BROKEN)

    assert refused.status_code == 422
    (problem,) = refused.json()["diagnostics"]
    assert (problem["file"], problem["line"]) == ("migrations/0003.sql", 3)
    assert answer(site, "/migrated") == both

    changed = put(site, 3, {**SECOND, "migrations/0002.sql": "select 1;\n"})

    assert changed.status_code == 422
    assert changed.json()["diagnostics"][0]["file"] == "migrations/0002.sql"
    assert answer(site, "/migrated") == both

    back = httpx2.post(
        f"{site.base}/api/engine/scripts/migrated/rollback", cookies=site.cookies, timeout=PATIENCE
    )

    assert back.status_code == 200, back.text
    assert answer(site, "/migrated") == {"version": 1, "columns": ["id"]}
