"""The command-line door of this room."""

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
    database_url,
    json_option,
    made_engine,
    refusals_printed,
    say,
    show,
    somebody,
)
from aiwebengine.upgrades.types import UpgradeCheck

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

TO_DO = 3


@click.command()
@click.option("--check", is_flag=True, required=True, help="Look, and change nothing.")
@json_option
@click.pass_context
def upgrade(context: click.Context, check: bool, as_json: bool) -> None:
    """Tell what an update to this version asks for; see docs/updates.md for the steps.

    Run it with the new program before the old one is stopped. Exit code 0: nothing is to be
    done; 3: something is; 1: it could not look; 2: the configuration can't be used at all.
    """
    reading = read_config(context.obj)
    if reading.config is None:
        say("The configuration can't be used:", err=True)
        for problem in reading.problems:
            say(f"  {problem}", err=True)
        sys.exit(USAGE)

    async def look(engine: Engine, reading: Reading) -> UpgradeCheck:
        # Not prepared: that would migrate.
        await engine.db.connect()
        try:
            return await engine.services.upgrades.check(somebody(), reading)
        finally:
            await engine.db.disconnect()

    with refusals_printed(), database_url(reading.config) as url:
        seen = asyncio.run(look(made_engine(reading.config, url), reading))
    show(as_json, {"is_fine": seen.is_fine, **asdict(seen)}, _told(seen))
    sys.exit(0 if seen.is_fine else TO_DO)


def _told(seen: UpgradeCheck) -> list[str]:
    last = seen.last_run
    served = f"{last.version}, since {instant(last.at)}" if last.at else "not noted"
    lines = [f"Program          {seen.version}", f"Last served by   {served}"]
    if seen.is_older:
        lines.append('  This program is older: docs/updates.md, "Back to the version before".')
    lines.append(_headed("Migrations due", len(seen.migrations)))
    for step in seen.migrations:
        lines.append(f"  {step.id}  {step.title}")
        if step.breaks:
            lines.append(f"    Not beside the version before: {step.breaks}.")
    if seen.migrations and seen.way_back:
        lines.append(f"  The way back: aiwebengine migrate down --to {seen.way_back}")
    if seen.strange_migrations:
        lines.append(_headed("Changed, missing", len(seen.strange_migrations)))
        lines += [f"  {one}" for one in seen.strange_migrations]
    lines.append(_headed("Settings to mend", len(seen.old_settings) + len(seen.problems)))
    lines += [f"  {one.key} (from {one.origin}): {one.advice}" for one in seen.old_settings]
    lines += [f"  {problem}" for problem in seen.problems]
    lines.append(_headed("New settings", len(seen.new_settings)))
    lines += [f"  {one.key}  {one.meaning} (since {one.since})" for one in seen.new_settings]
    lines.append(f"{_headed('Older packages', len(seen.older_packages))} of {seen.packages}")
    lines += [f"  {one}" for one in seen.older_packages]
    lines.append("Nothing is to be done." if seen.is_fine else "Something is to be done.")
    return lines


def _headed(title: str, count: int) -> str:
    return f"{title:<16} {count}"
