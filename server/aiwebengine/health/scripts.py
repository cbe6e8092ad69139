"""Health check of scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping

from aiwebengine.core.formats import count
from aiwebengine.health.types import Check, Finding, HealthState, failing, ok

EVERY_SECS = 10.0
DATABASES_EVERY_SECS = 60.0
# Starting the runtime for the first time reads 100 MB from disk.
LIMIT_SECS = 20.0
MOST_NAMED = 5
SECRETS_EVERY_SECS = 60.0


def runs(
    problem: Callable[[], Awaitable[str | None]],
    older: Callable[[], Mapping[str, str]],
    suspended: Callable[[], Collection[str]],
) -> Check:
    """Check that scripts can run and that this process serves what it should.

    *problem* returns why none can run, or None; *older* the reasons why an older version is served,
    by slug; *suspended* the slugs of suspended scripts.
    """

    async def see() -> Finding:
        found = await problem()
        if found is not None:
            return failing(found)
        if behind := dict(sorted(older().items())):
            slug, reason = next(iter(behind.items()))
            detail = f"{count(len(behind), 'script')} still served in an older version:"
            return _warning(
                f"{detail} {_named(behind)}. {slug}: {reason}",
                "The new version loaded where it was deployed, but not here. Check memory and"
                " processes of this instance; the engine tries again every 30 s.",
            )
        if names := sorted(suspended()):
            return _warning(
                f"{count(len(names), 'suspended script')}: {_named(names)}.",
                "Requests to them get 503. Read the log of the script, deploy a corrected version,"
                " then run `aiwebengine scripts resume SLUG`.",
            )
        return ok("Scripts can run.")

    return Check(
        "scripts",
        "Scripts",
        see,
        "Install the Python package `deno` for this platform (not available for Alpine Linux), and"
        " let its process map executable memory or run `--jitless`; see docs/scripts/limits.md."
        " Or set scripts.enabled = false.",
        every_secs=EVERY_SECS,
        limit_secs=LIMIT_SECS,
        of_process=True,
        meaning="Scripts can run, and this instance serves their active versions; checked unless"
        " `scripts.enabled` is false. Fails when the runtime does not start on this machine. Warns"
        " when an older version is served because the new one does not start here, and when a"
        " script is suspended.",
    )


def secrets(unreadable: Callable[[], Awaitable[Collection[str]]]) -> Check:
    """Check that secrets of scripts can be decrypted; *unreadable* says which can't, and why."""

    async def see() -> Finding:
        found = list(await unreadable())
        return failing(" ".join(found[:MOST_NAMED])) if found else ok("Secrets can be decrypted.")

    return Check(
        "script_secrets",
        "Secrets of scripts",
        see,
        "Restore the table signing_keys from the backup that has these secrets, or set the secrets"
        " again with `aiwebengine scripts secrets set`.",
        every_secs=SECRETS_EVERY_SECS,
        needs_database=True,
        is_shared=True,
        meaning="The keys of the secrets of scripts are there; checked unless `scripts.enabled` is"
        " false. Fails when a secret can't be decrypted, because its key is missing or another"
        " one.",
    )


def databases(problem: Callable[[], Awaitable[str | None]]) -> Check:
    """Check that scripts can have databases; *problem* returns why not, or None."""

    async def see() -> Finding:
        found = await problem()
        if found is None:
            return ok("Scripts can have databases.")
        return _warning(found, "See docs/scripts/database.md, For operators.")

    return Check(
        "script-databases",
        "Databases of scripts",
        see,
        "See docs/scripts/database.md, For operators.",
        every_secs=DATABASES_EVERY_SECS,
        limit_secs=LIMIT_SECS,
        of_process=True,
        meaning="The engine can create a role and a schema for each script, and the server lets"
        " these roles in; checked unless `scripts.enabled` is false. Warns when a right on the"
        " server is missing; scripts that use no database work.",
    )


def _warning(detail: str, remedy: str) -> Finding:
    return Finding(HealthState.WARNING, detail, remedy)


def _named(slugs: Collection[str]) -> str:
    """The first slugs, and how many more there are."""
    names = ", ".join(list(slugs)[:MOST_NAMED])
    more = len(slugs) - MOST_NAMED
    return f"{names} and {more} more" if more > 0 else names
