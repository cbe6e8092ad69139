"""SQL statements about sign-in links and pending sign-ins."""

from __future__ import annotations

from aiwebengine.auth.types import Attempt
from aiwebengine.database import Database


async def add_link(
    db: Database, secret_hash: bytes, email: str, first_administrator: bool, lasts_secs: float
) -> None:
    """Create a one-time sign-in link."""
    await db.execute(
        """
        insert into sign_in_links (secret_hash, email, first_administrator, expires_at)
        values (
          :secret_hash, :email, :first_administrator, now() + make_interval(secs => :lasts_secs)
        )
        """,
        secret_hash=secret_hash,
        email=email,
        first_administrator=first_administrator,
        lasts_secs=lasts_secs,
    )


async def use_link(db: Database, secret_hash: bytes) -> tuple[str, bool] | None:
    """Use a link; return its address and whether it is for the first administrator, or None."""
    row = await db.one(
        """
        delete from sign_in_links
        where secret_hash = :secret_hash
        returning email, first_administrator, expires_at > now() as is_live
        """,
        secret_hash=secret_hash,
    )
    return (row["email"], row["first_administrator"]) if row and row["is_live"] else None


async def remove_first_links(db: Database) -> None:
    """Delete the links of all start banners."""
    await db.execute("delete from sign_in_links where first_administrator")


async def add_attempt(
    db: Database, state_hash: bytes, browser_hash: bytes, attempt: Attempt, lasts_secs: float
) -> None:
    """Store a pending sign-in with a provider."""
    await db.execute(
        """
        insert into sign_in_attempts (
          state_hash, browser_hash, provider, nonce, verifier, redirect, again_as, begun_at,
          expires_at
        )
        values (
          :state_hash, :browser_hash, :provider, :nonce, :verifier, :redirect, :again_as, :begun_at,
          now() + make_interval(secs => :lasts_secs)
        )
        """,
        state_hash=state_hash,
        browser_hash=browser_hash,
        provider=attempt.provider,
        nonce=attempt.nonce,
        verifier=attempt.verifier,
        redirect=attempt.redirect,
        again_as=attempt.again_as,
        begun_at=attempt.begun_at,
        lasts_secs=lasts_secs,
    )


async def use_attempt(
    db: Database, state_hash: bytes, browser_hash: bytes, provider: str
) -> Attempt | None:
    """Use a pending sign-in of this browser and return it, or None."""
    row = await db.one(
        """
        update sign_in_attempts
        set used_at = now()
        where state_hash = :state_hash and browser_hash = :browser_hash and provider = :provider
          and expires_at > now() and used_at is null
        returning provider, nonce, verifier, redirect, again_as, begun_at
        """,
        state_hash=state_hash,
        browser_hash=browser_hash,
        provider=provider,
    )
    return None if row is None else Attempt(**row)


async def used_attempt(db: Database, state_hash: bytes, provider: str) -> str | None:
    """The redirect of a used sign-in, or None."""
    redirect: str | None = await db.value(
        """
        select redirect from sign_in_attempts
        where state_hash = :state_hash and provider = :provider and used_at is not null
        """,
        state_hash=state_hash,
        provider=provider,
    )
    return redirect
