"""Who may call, in words, from the tables that a test asks everything by."""

from __future__ import annotations

from dataclasses import dataclass

from tests.test_who_may_do_what import SCOPES

from reference.markdown import code

REFUSED = ("401", "403")


@dataclass(frozen=True)
class Allowed:
    """Who gets an answer."""

    people: str
    scope: str
    """Of an API token; empty where every token will do."""

    def __str__(self) -> str:
        scope = f"; an API token needs the scope {self.scope}" if self.scope else ""
        return f"{self.people}{scope}."


def allowed(row: dict[str, str]) -> Allowed:
    """What a row of the table of operations or of routes says."""
    scopes = [scope for name, scope in SCOPES.items() if row[name] not in REFUSED]
    if not scopes and row["admin"] not in REFUSED:
        raise ValueError(f"no single scope is enough: {row}")
    is_any = len(scopes) in (0, len(SCOPES))
    return Allowed(
        _people(row),
        "" if is_any else " or ".join(code(scope.value) for scope in scopes),
    )


def _people(row: dict[str, str]) -> str:
    if row["stranger"] not in REFUSED or row["stranger"] == row["admin"]:
        return "Anybody"
    if row["plain"] not in REFUSED:
        return "Whoever is signed in"
    if row["editor"] not in REFUSED:
        return "Editors and administrators"
    return "Administrators"
