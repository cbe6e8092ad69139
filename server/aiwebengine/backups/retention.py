"""Which archives are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from aiwebengine.backups.names import time_of
from aiwebengine.core.config import Backup as BackupConfig

# How far the clocks of instances may differ.
_CLOCKS_APART = timedelta(days=1)


def superfluous(
    names: Sequence[str], good: Sequence[str], rules: BackupConfig, now: datetime
) -> list[str]:
    """Those of *names* that no rule keeps, oldest first.

    Kept are all that are younger than `retention_days`; the newest good one of each of the last
    `keep_daily` days, `keep_weekly` weeks and `keep_monthly` months that have one; and, whatever
    its age, the newest good one. A name dated in the future keeps nobody else from being kept.
    """
    young, future = now - timedelta(days=rules.retention_days), now + _CLOCKS_APART
    kept = {name for name in names if time_of(name) >= young}
    trusted = sorted({name for name in good if time_of(name) <= future} & set(names), reverse=True)
    kept |= set(trusted[:1])
    kept |= _newest_of_each(trusted, rules.keep_daily, "%Y-%m-%d")
    kept |= _newest_of_each(trusted, rules.keep_weekly, "%G-%V")
    kept |= _newest_of_each(trusted, rules.keep_monthly, "%Y-%m")
    return sorted(set(names) - kept)


def _newest_of_each(names: Sequence[str], most: int, period: str) -> set[str]:
    """The newest of each period, of the newest *most* periods; *names* begin with the newest."""
    newest: dict[str, str] = {}
    for name in names:
        newest.setdefault(time_of(name).strftime(period), name)
    return set(list(newest.values())[:most])
