"""SQL statements for signing keys."""

from __future__ import annotations

from datetime import datetime

from aiwebengine.database import Database
from aiwebengine.signing_keys.types import SigningKey, SigningKeyState


async def add_first(db: Database, purpose: str, secret: bytes) -> None:
    """Create the first key for a purpose, unless one exists."""
    await db.execute(
        """
        insert into signing_keys (purpose, number, secret)
        select :purpose, 1, cast(:secret as bytea)
        where not exists (select from signing_keys where purpose = :purpose)
        on conflict do nothing
        """,
        purpose=purpose,
        secret=secret,
    )


async def valid(db: Database, purpose: str) -> tuple[dict[int, bytes], int]:
    """The secrets that verify, by key number, and the number of the active key."""
    rows = await db.all(
        """
        select number, secret, signs_from <= now() as signs
        from signing_keys
        where purpose = :purpose and (ends_at is null or ends_at > now())
        order by number
        """,
        purpose=purpose,
    )
    found = {row["number"]: bytes(row["secret"]) for row in rows}
    # No key may be active yet in the moment after the first is created; every instance knows the
    # oldest.
    signing = max((row["number"] for row in rows if row["signs"]), default=min(found, default=0))
    return found, signing


async def lock(db: Database, purpose: str) -> None:
    """Lock the keys of a purpose, so that only one transaction rotates them at a time."""
    await db.all(
        "select number from signing_keys where purpose = :purpose order by number for update",
        purpose=purpose,
    )


async def hold(db: Database, purpose: str, number: int) -> bool:
    """Lock one key against changes until the end of the transaction; False if it is expired."""
    return bool(
        await db.value(
            """
            select true from signing_keys
            where purpose = :purpose and number = :number and ends_at is null
            for share
            """,
            purpose=purpose,
            number=number,
        )
    )


async def add_next(db: Database, purpose: str, secret: bytes, activation_secs: float) -> int:
    """Create the next key, which signs after *activation_secs*; return its number."""
    return int(
        await db.value(
            """
            insert into signing_keys (purpose, number, secret, signs_from)
            select :purpose, max(number) + 1, :secret, now() + make_interval(secs => :delay_secs)
            from signing_keys where purpose = :purpose
            returning number
            """,
            purpose=purpose,
            secret=secret,
            delay_secs=activation_secs,
        )
    )


async def end_older(db: Database, purpose: str, number: int, after_secs: float) -> None:
    """Expire the keys before *number* after *after_secs*, unless they expire sooner."""
    await db.execute(
        """
        update signing_keys
        set ends_at = least(ends_at, now() + make_interval(secs => :after_secs))
        where purpose = :purpose and number < :number
        """,
        purpose=purpose,
        number=number,
        after_secs=after_secs,
    )


async def remove_ended(db: Database) -> int:
    """Delete expired keys; return how many."""
    rows = await db.all("delete from signing_keys where ends_at <= now() returning number")
    return len(rows)


async def all_keys(db: Database) -> list[SigningKey]:
    """Every key that is not expired, newest first for each purpose."""
    rows = await db.all(
        """
        select purpose, number, created_at, ends_at, signs_from <= now() as signs,
          number = max(number) filter (where signs_from <= now()) over (partition by purpose)
            as is_newest
        from signing_keys
        where ends_at is null or ends_at > now()
        order by purpose, number desc
        """
    )
    return [
        SigningKey(
            purpose=row["purpose"],
            number=row["number"],
            state=_state(row["signs"], row["is_newest"]),
            created_at=row["created_at"],
            ends_at=row["ends_at"],
        )
        for row in rows
    ]


async def oldest_signing(db: Database) -> datetime | None:
    """When the oldest of the newest keys was created; None before the first."""
    created_at: datetime | None = await db.value(
        """
        select min(newest)
        from (select max(created_at) as newest from signing_keys group by purpose) as newest_keys
        """
    )
    return created_at


def _state(signs: bool, is_newest: bool) -> SigningKeyState:
    if not signs:
        return SigningKeyState.COMING
    return SigningKeyState.SIGNS if is_newest else SigningKeyState.VERIFIES
