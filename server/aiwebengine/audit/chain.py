"""Hash chain of the audit trail: appends hashes and detects tampering."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from aiwebengine.audit import chain_store as store
from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Role, Viewer
from aiwebengine.database import Database

BATCH = 10_000


@dataclass(frozen=True)
class Head:
    """The newest seal. Stored elsewhere, it proves later that no earlier event was changed."""

    position: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.position}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Parse a head that `str` wrote. Raises BadUserInput."""
        position, _, digits = text.partition(":")
        try:
            head = cls(int(position), bytes.fromhex(digits))
        except ValueError:
            head = cls(0, b"")
        if head.position < 1 or len(head.hash) != sha256().digest_size:
            raise BadUserInput(f"head: found {text[:80]!r}; allowed: what `audit verify` printed.")
        return head


@dataclass(frozen=True)
class Verdict:
    """Result of a verification: the number of sealed events, and the first that was changed.

    `unsealed` events are too new to be sealed.
    """

    sealed: int
    unsealed: int
    head: Head
    event_id: int | None = None
    problem: str | None = None


class HashChain:
    """SHA-256 over each event and the hash before it.

    It detects changes made past the triggers of the table, unless every later seal was rewritten;
    a head stored elsewhere detects that too.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def seal(self) -> None:
        """Seal the waiting events, unless another instance is doing it. Raises Unavailable."""
        while await store.anything_unsealed(self._db):
            if not await self._seal_batch():
                return

    async def verify(
        self,
        viewer: Viewer,
        known: Head | None = None,
        progress: Callable[[int, int], None] = lambda *_: None,
    ) -> Verdict:
        """Verify the whole trail. *progress* is called with the checked and all seals.

        *known* is a stored head whose seal must still exist. Raises Forbidden, Unavailable.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        total, waiting = await store.count(self._db), await store.waiting(self._db)
        position, hash, found = 0, b"", None
        while found is None and (rows := await store.sealed(self._db, position, BATCH)):
            for row in rows:
                found = _problem(row["position"], position, row["is_gone"])
                if found is None:
                    hash = _next(hash, row["digest"])
                    if not hmac.compare_digest(hash, row["hash"]):
                        found = "it, or its seal, was changed"
                    elif known and known.position == row["position"] and known.hash != hash:
                        found = (
                            "the trail up to here was rewritten: it differs from the stored head"
                        )
                if found is not None:
                    return Verdict(total, waiting, Head(position, hash), row["event_id"], found)
                position = row["position"]
            progress(position, total)
        head = Head(position, hash)
        if known is not None and known.position > position:
            cut = f"the trail ends at position {position}, before the stored head"
            return Verdict(total, waiting, head, None, cut)
        lost = await store.first_lost(self._db)
        if lost is not None:
            return Verdict(total, waiting, head, lost, "it was removed before it was sealed")
        slipped_in = await self._slipped_in()
        if slipped_in is not None:
            return Verdict(total, waiting, head, slipped_in, "it was inserted without a seal")
        return Verdict(total, waiting, head)

    async def _seal_batch(self) -> bool:
        """Seal one batch; return whether this instance held the lock."""
        async with self._db.transaction():
            if not await store.may_seal(self._db):
                return False
            position, hash = await store.head(self._db)
            found = await store.unsealed(self._db, BATCH)
            hashes = []
            for _, digest in found:
                hash = _next(hash, digest)
                hashes.append(hash)
            await store.add_seals(self._db, position + 1, [id for id, _ in found], hashes)
        return bool(found)

    async def _slipped_in(self) -> int | None:
        after: int | None = 0
        while after is not None:
            found, after = await store.first_never_sealed(self._db, after, BATCH)
            if found is not None:
                return found
        return None


def _next(before: bytes, digest: bytes) -> bytes:
    return sha256(before + digest).digest()


def _problem(position: int, before: int, is_gone: bool) -> str | None:
    if position != before + 1:
        return f"what was sealed before it (position {before + 1}) was removed"
    return "it was removed" if is_gone else None
