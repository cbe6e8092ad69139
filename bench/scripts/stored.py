"""Many stored scripts with versions, of which a few are active."""

from __future__ import annotations

import psycopg

SCRIPTS = 10_000
VERSIONS = 10
ACTIVE = 50

# Two files a version, of which one is that of the version before.
_FILL = """
  with made as (
    insert into scripts (slug, title, newest_version, created_by)
    select 'stored-' || n, 'Stored ' || n, %(versions)s, 'bench'
    from generate_series(1, %(scripts)s) n
    returning id, slug
  ), versions as (
    insert into script_versions (script_id, number, parent, author_name, digest, entry, dialect)
    select m.id, v, nullif(v - 1, 0), 'bench', md5(m.id::text || v), 'main.js', 'module'
    from made m, generate_series(1, %(versions)s) v
    returning script_id, number
  ), contents as (
    insert into script_blobs (digest, content)
    select md5(m.slug || '/' || v), convert_to(
      'export const routes = { "GET /' || m.slug || '": () => new Response("' || v || '") };'
      || repeat(E'\\n// ' || md5(m.slug), 20), 'UTF8')
    from made m, generate_series(1, %(versions)s) v
    union all
    select md5(m.slug || '/shared'), convert_to('export const slug = "' || m.slug || '";', 'UTF8')
    from made m
  ), files as (
    insert into script_files (script_id, version, path, digest)
    select m.id, v, f.path, f.digest
    from made m, generate_series(1, %(versions)s) v, lateral (
      values ('main.js', md5(m.slug || '/' || v)), ('shared.js', md5(m.slug || '/shared'))
    ) as f (path, digest)
  )
  select count(*) from versions
"""
_ACTIVATE = """
  with activation as (
    update script_activations set number = number + 1 returning number
  ), active as (
    update scripts s set active_version = newest_version, activation = a.number
    from activation a
    where s.id in (
      select id from scripts where active_version is null order by slug limit %(active)s
    )
    returning s.id, s.slug
  )
  insert into script_routes
    (shape, method, declared_method, path, kind, handler, script_id)
  select '/' || slug, 'GET', 'GET', '/' || slug, 'route', 'GET /' || slug, id from active
"""
_TABLES = "scripts, script_versions, script_blobs, script_files, script_routes"


def fill(url: str) -> str:
    """Store the scripts in tables that have none; the path of an active one's route."""
    values = {"scripts": SCRIPTS, "versions": VERSIONS, "active": ACTIVE}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_FILL, values)
        connection.execute(_ACTIVATE, values)
        connection.execute(f"vacuum analyze {_TABLES}")
        row = connection.execute("select path from script_routes limit 1").fetchone()
    assert row is not None
    return str(row[0])


def clear(url: str) -> None:
    """Remove all scripts."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("truncate scripts, script_blobs cascade")
        connection.execute(f"vacuum analyze {_TABLES}")
