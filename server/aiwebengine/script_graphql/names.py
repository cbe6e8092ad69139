"""The names in GraphQL that scripts take on their host, and what is wrong with a version's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from aiwebengine.core.errors import Conflict
from aiwebengine.core.untrusted_text import on_one_line
from aiwebengine.database import Database
from aiwebengine.script_graphql import claim_store
from aiwebengine.script_graphql.claims import Clash, claims_of
from aiwebengine.script_graphql.locating import Place, Places
from aiwebengine.script_graphql.offers import Problem, offer_of
from aiwebengine.script_graphql.registered import is_about_graphql
from aiwebengine.script_graphql.types import NOTHING, Offer
from aiwebengine.scripts.types import Diagnostic, Severity

MOST_NAMES = 20_000
"""Fields and types of all scripts of one host."""
LONGEST_MESSAGE = 1_000


class NameTaken(Conflict):
    """A field belongs to another script, or a type is defined differently there."""

    def __init__(self, clashes: Sequence[Clash]) -> None:
        super().__init__(
            " ".join(clash.message for clash in clashes[:10]),
            names=[{"name": clash.claim.shown, "script": clash.slug} for clash in clashes[:100]],
        )


class GraphQLNames:
    """Checks what versions offer, and notes which names the active ones take."""

    def __init__(self, db: Database, scripts_host: str | None = None) -> None:
        self._db = db
        self._scripts_host = scripts_host

    async def problems(
        self,
        script_id: UUID | None,
        registrations: Sequence[Any],
        files: Callable[[], Awaitable[Mapping[str, bytes]]],
    ) -> list[Diagnostic]:
        """What is wrong with a version of a script, in the places of its files."""
        if not any(map(is_about_graphql, registrations)):
            return []
        # In a thread: a large SDL takes some hundred milliseconds.
        checked = await asyncio.to_thread(offer_of, registrations)
        clashes = await self._clashes(script_id, checked.offer)
        if not (checked.problems or clashes):
            return []
        places = Places(await files())
        found = [_diagnostic(problem, places) for problem in checked.problems]
        return found + [_error(clash.message, places.of_name(clash.claim)) for clash in clashes]

    async def take(self, script_id: UUID, registrations: Sequence[Any]) -> None:
        """Note the names of a version in the transaction that makes it the active one.

        Of two scripts that want one name at the same time, the second one waits for the first.
        Raises NameTaken, Conflict when the host has too many names.
        """
        offer = NOTHING
        if any(map(is_about_graphql, registrations)):
            offer = (await asyncio.to_thread(offer_of, registrations)).offer
        await claim_store.lock(self._db)
        await self._must_be_free(script_id, offer)
        await claim_store.replace(self._db, script_id, claims_of(offer))

    async def move(self, script_id: UUID) -> None:
        """Check the names of a script on the host that it was bound to, in that transaction.

        Raises NameTaken.
        """
        await claim_store.lock(self._db)
        host = await claim_store.host_of(self._db, script_id, self._scripts_host)
        claims = await claim_store.of_script(self._db, script_id)
        clashes = await claim_store.clashes(self._db, script_id, host, self._scripts_host, claims)
        if clashes:
            raise NameTaken(clashes)

    async def release(self, script_id: UUID) -> None:
        """The script has no names any more."""
        await claim_store.remove(self._db, script_id)

    async def _must_be_free(self, script_id: UUID, offer: Offer) -> None:
        clashes = await self._clashes(script_id, offer)
        if clashes:
            raise NameTaken(clashes)
        if not offer:
            return
        host = await claim_store.host_of(self._db, script_id, self._scripts_host)
        others = await claim_store.count(self._db, script_id, host, self._scripts_host)
        if others + len(claims_of(offer)) > MOST_NAMES:
            raise Conflict(
                f"The scripts of this host have {others} GraphQL fields and types; allowed:"
                f" {MOST_NAMES}."
            )

    async def _clashes(self, script_id: UUID | None, offer: Offer) -> list[Clash]:
        if not offer:
            return []
        host = await claim_store.host_of(self._db, script_id, self._scripts_host)
        return await claim_store.clashes(
            self._db, script_id, host, self._scripts_host, claims_of(offer)
        )


def _diagnostic(problem: Problem, places: Places) -> Diagnostic:
    place = places.of(problem.sdl, problem.line, problem.column)
    message = problem.message
    if place.file is None and problem.line is not None:
        message += f" (Line {problem.line}, column {problem.column} of the SDL.)"
    return Diagnostic(
        severity=Severity.WARNING if problem.is_warning else Severity.ERROR,
        message="GraphQL: " + on_one_line(message[:LONGEST_MESSAGE]),
        file=place.file,
        line=place.line,
        column=place.column,
    )


def _error(message: str, place: Place) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR,
        message=message,
        file=place.file,
        line=place.line,
        column=place.column,
    )
