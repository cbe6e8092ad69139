"""Keeps secrets out of what is stored about a script: its log, its errors."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from aiwebengine.core.redaction import Redaction
from aiwebengine.database import Database
from aiwebengine.script_secrets import store
from aiwebengine.script_secrets.sealing import Sealing
from aiwebengine.script_secrets.types import Opened, SecretUnreadable
from aiwebengine.scripts.log_types import NewLogLine

MOST_SCRIPTS = 500
"""Scripts whose secrets are kept in memory."""
MOST_OF_VISITORS = 1_000
"""Secrets of visitors that were used last in a script, in this process."""


@dataclass
class _Known:
    ids: set[UUID] = field(default_factory=set)
    opened: list[Opened] = field(default_factory=list)
    of_visitors: OrderedDict[Opened, None] = field(default_factory=OrderedDict)
    redaction: Redaction | None = None


class Redactor:
    """Replaces secrets of scripts in texts: those of the script, and those that visitors used."""

    def __init__(self, db: Database, sealing: Sealing) -> None:
        self._db = db
        self._sealing = sealing
        self._known: OrderedDict[UUID, _Known] = OrderedDict()

    def note(self, script_id: UUID, secret: Opened) -> None:
        """A visitor's secret is in use, and may be in what the script writes."""
        known = self._of(script_id)
        if secret not in known.of_visitors:
            known.redaction = None
        known.of_visitors[secret] = None
        known.of_visitors.move_to_end(secret)
        if len(known.of_visitors) > MOST_OF_VISITORS:
            known.of_visitors.popitem(last=False)
            known.redaction = None

    async def lines(self, lines: Sequence[NewLogLine]) -> list[NewLogLine]:
        """Log lines without secrets. Raises Unavailable."""
        found = await self.redactions({line.script_id for line in lines})
        return [
            replace(line, text=found[line.script_id].text(line.text))
            if line.script_id in found
            else line
            for line in lines
        ]

    async def texts(self, script_id: UUID, texts: Sequence[str]) -> list[str]:
        """Texts of one script without its secrets. Raises Unavailable."""
        found = (await self.redactions({script_id})).get(script_id)
        return list(texts) if found is None else [found.text(text) for text in texts]

    async def redactions(self, script_ids: Collection[UUID]) -> dict[UUID, Redaction]:
        """What to do with texts of these scripts; none for scripts without secrets.

        Reads the ids of all secrets, and only those that are new. Raises Unavailable.
        """
        current = await store.ids_of_scripts(self._db, script_ids)
        found = {}
        for script_id in script_ids:
            ids = current.get(script_id, set())
            if not ids and script_id not in self._known:
                continue
            known = self._of(script_id)
            if known.ids != ids:
                known.opened, known.ids, known.redaction = await self._opened(script_id), ids, None
            if known.redaction is None:
                known.redaction = _redaction((*known.opened, *known.of_visitors))
            found[script_id] = known.redaction
        return found

    def _of(self, script_id: UUID) -> _Known:
        known = self._known.setdefault(script_id, _Known())
        self._known.move_to_end(script_id)
        if len(self._known) > MOST_SCRIPTS:
            self._known.popitem(last=False)
        return known

    async def _opened(self, script_id: UUID) -> list[Opened]:
        opened = []
        for sealed in await store.of_script(self._db, script_id):
            try:
                opened.append(await self._sealing.open(sealed))
            except SecretUnreadable:
                # Nobody can use it, so that it is in no text.
                continue
        return opened


def _redaction(secrets: Iterable[Opened]) -> Redaction:
    return Redaction((one.name, one.value) for one in secrets)
