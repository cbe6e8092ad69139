"""Says before a drill or a restore which right on the server is missing."""

from __future__ import annotations

import psycopg

from aiwebengine.backups import cluster_store, rights_store
from aiwebengine.backups.rights_store import Rights
from aiwebengine.core.errors import Conflict
from aiwebengine.database import versions


class MissingRights(Conflict):
    """The database user lacks rights; the message names each, and the statement that gives it."""


def must_be_enough(url: str) -> None:
    """Raise MissingRights unless databases can be made, renamed and dropped beside that at *url*.

    UnsupportedServer comes first.

    The same for a drill and a restore in place: a drill that needed less would prove too little.
    """
    name = cluster_store.name_of(url)
    with cluster_store.maintenance(url) as connection:
        versions.must_be_supported(connection.info.server_version)
        found = rights_store.rights(connection, name)
    missing = _missing(name, found)
    if missing:
        raise MissingRights(
            "A drill and a restore make a database beside the engine's and give it its name."
            f" The database user {found.role} lacks rights for that: {'; '.join(missing)}."
            " Or use `aiwebengine backup restore NAME --into URL` with an empty database."
        )


def must_make_tables(url: str) -> None:
    """Raise MissingRights unless tables can be made in the database at *url*."""
    with cluster_store.connection(url) as connection:
        if rights_store.may_make_tables(connection):
            return
        role = connection.info.user
    raise MissingRights(
        f"The database user {role} may not make tables in {cluster_store.name_of(url)}:"
        f" run `grant create on schema public to {_identifier(role)}` in it as its owner."
    )


def _missing(name: str, found: Rights) -> list[str]:
    missing, role = [], _identifier(found.role)
    if not found.makes_databases:
        missing.append(f"CREATEDB (`alter role {role} createdb`)")
    if not found.acts_as_owner:
        missing.append(
            f"{name} belongs to {found.owner}"
            f" (`alter database {_identifier(name)} owner to {role}`)"
        )
    return missing


def _identifier(name: str) -> str:
    return psycopg.sql.Identifier(name).as_string()
