"""The command `aiwebengine upgrade`."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from aiwebengine.core.config_loader import Reading, read_config
from aiwebengine.core.formats import instant
from aiwebengine.terminal.commands import (
    USAGE,
    current_operator,
    database_url,
    errors_reported,
    json_option,
    make_engine,
    say,
    show,
)
from aiwebengine.upgrades.types import UpgradeCheck

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

ACTION_NEEDED = 3


@click.command()
@click.option(
    "--check", is_flag=True, required=True, help="Report what is needed, and change nothing."
)
@json_option
@click.pass_context
def upgrade(context: click.Context, check: bool, as_json: bool) -> None:
    """Report what an update to this version needs. See docs/updates.md for the steps.

    Run it with the new version before you stop the old one. Exit status: 0 nothing to do, 3 action
    needed, 1 the check failed, 2 the configuration is invalid.
    """
    reading = read_config(context.obj)
    if reading.config is None:
        say("The configuration is invalid:", err=True)
        for problem in reading.problems:
            say(f"  {problem}", err=True)
        sys.exit(USAGE)

    async def run_check(engine: Engine, reading: Reading) -> UpgradeCheck:
        # Not `prepare`, which would apply migrations.
        await engine.db.connect()
        try:
            return await engine.services.upgrades.check(current_operator(), reading)
        finally:
            await engine.db.disconnect()

    with errors_reported(), database_url(reading.config) as url:
        result = asyncio.run(run_check(make_engine(reading.config, url), reading))
    show(as_json, {"is_fine": result.is_fine, **asdict(result)}, _as_lines(result))
    sys.exit(0 if result.is_fine else ACTION_NEEDED)


def _as_lines(seen: UpgradeCheck) -> list[str]:
    last = seen.last_run
    served = f"{last.version}, since {instant(last.at)}" if last.at else "unknown"
    lines = [f"This version       {seen.version}", f"Last started       {served}"]
    if seen.is_older:
        lines.append('  This version is older. See docs/updates.md, "Back to the version before".')
    lines.append(_headed("Pending migrations", len(seen.migrations)))
    for step in seen.migrations:
        lines.append(f"  {step.id}  {step.title}")
        if step.breaks:
            lines.append(f"    Incompatible with the previous version: {step.breaks}.")
    if seen.migrations and seen.way_back:
        lines.append(f"  To roll back: aiwebengine migrate down --to {seen.way_back}")
    if seen.strange_migrations:
        lines.append(_headed("Changed or missing", len(seen.strange_migrations)))
        lines += [f"  {one}" for one in seen.strange_migrations]
    lines.append(_headed("Settings to fix", len(seen.old_settings) + len(seen.problems)))
    lines += [f"  {one.key} (from {one.origin}): {one.advice}" for one in seen.old_settings]
    lines += [f"  {problem}" for problem in seen.problems]
    lines.append(_headed("New settings", len(seen.new_settings)))
    lines += [f"  {one.key}  {one.meaning} (since {one.since})" for one in seen.new_settings]
    lines.append(f"{_headed('Outdated packages', len(seen.older_packages))} of {seen.packages}")
    lines += [f"  {one}" for one in seen.older_packages]
    lines.append("Nothing to do." if seen.is_fine else "Action needed.")
    return lines


def _headed(title: str, count: int) -> str:
    return f"{title:<18} {count}"
