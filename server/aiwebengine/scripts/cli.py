"""The commands `aiwebengine scripts …`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click

from aiwebengine.core.formats import count
from aiwebengine.core.identity import Viewer
from aiwebengine.scripts import answers
from aiwebengine.scripts.cli_files import check, new, pull, push
from aiwebengine.scripts.cli_hosting import host, pages
from aiwebengine.scripts.cli_owners import owners
from aiwebengine.scripts.cli_roles import roles
from aiwebengine.scripts.cli_running import logs, run
from aiwebengine.scripts.records import Deployed
from aiwebengine.scripts.types import FileChange, Script, ScriptFilter, ScriptState
from aiwebengine.scripts.with_scripts import with_scripts
from aiwebengine.terminal.commands import confirm, json_option, show, table, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

LARGEST_LIST = 10_000


# Commands of packages above this one, which are loaded when they are called.
FEATURE_COMMANDS = {
    "eval": "script_trials",
    "fetch-hosts": "script_fetch",
    "secrets": "script_secrets",
    "streams": "script_streams",
    "test": "script_trials",
}
# Where the name of the function differs.
_FUNCTIONS = {"eval": "evaluate"}


class _Scripts(click.Group):
    """The commands of this package and those of what scripts can use."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted([*super().list_commands(context), *FEATURE_COMMANDS])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return the command with this name, or None."""
        if name not in FEATURE_COMMANDS:
            return super().get_command(context, name)
        module = import_module(f"aiwebengine.{FEATURE_COMMANDS[name]}.cli")
        command: click.Command = getattr(module, _FUNCTIONS.get(name, name.replace("-", "_")))
        return command


@click.group(cls=_Scripts)
def scripts() -> None:
    """Write, deploy and run scripts."""


for command in (new, push, pull, check, run, logs, owners, roles, host, pages):
    scripts.add_command(command)


@scripts.command("list")
@click.option("--search", help="Filter by part of the slug or title.")
@click.option(
    "--state",
    type=click.Choice([state.value for state in ScriptState], case_sensitive=False),
    help="Filter by state. Deleted scripts are listed only with deleted.",
)
@click.option(
    "--limit",
    default=100,
    show_default=True,
    type=click.IntRange(1, LARGEST_LIST),
    help="Maximum number of scripts to list.",
)
@json_option
@click.pass_context
def list_scripts(
    context: click.Context, search: str | None, state: str | None, limit: int, as_json: bool
) -> None:
    """List scripts."""
    wanted = ScriptFilter(search=search, state=ScriptState(state.lower()) if state else None)

    async def work(engine: Engine, viewer: Viewer) -> tuple[list[Script], int]:
        service = engine.services.scripts
        found = await service.page(viewer, wanted, None, limit)
        return found[:limit], await service.count(viewer, wanted)

    found, total = with_engine(context.obj, work)
    rows = [
        (
            one.slug,
            one.title,
            one.current_state.value,
            one.active_version,
            one.newest_version or None,
            one.host,
        )
        for one in found
    ]
    columns = ("Slug", "Title", "State", "Active", "Newest", "Host")
    listing = table(columns, rows, f"{len(found)} of {count(total, 'script')}")
    show(as_json, {"scripts": [answers.script(one) for one in found], "total": total}, listing)


@scripts.command()
@click.argument("slug")
@click.option("--title", help="Title for people.")
@json_option
@click.pass_context
def create(context: click.Context, slug: str, title: str | None, as_json: bool) -> None:
    """Create the script SLUG without files. It has no owner until one is added."""

    async def work(engine: Engine, viewer: Viewer) -> Script:
        return await engine.services.scripts.create(viewer, slug, title)

    _show(as_json, with_engine(context.obj, work), "is created")


@scripts.command()
@click.argument("slug")
@click.option("--version", type=click.IntRange(1), help="Version to deploy (default: the newest).")
@json_option
@click.pass_context
def deploy(context: click.Context, slug: str, version: int | None, as_json: bool) -> None:
    """Deploy a saved version of the script SLUG. If it does not load, nothing changes."""

    async def work(engine: Engine, viewer: Viewer) -> Deployed:
        return await engine.services.scripts.deploy(viewer, slug, version)

    _show_deployed(as_json, with_scripts(context.obj, work, doing="Deploying …"))


@scripts.command()
@click.argument("slug")
@click.option(
    "--to",
    "version",
    type=click.IntRange(1),
    help="Version to deploy (default: the last deployed one before the active one).",
)
@json_option
@click.pass_context
def rollback(context: click.Context, slug: str, version: int | None, as_json: bool) -> None:
    """Deploy an earlier version of the script SLUG again."""

    async def work(engine: Engine, viewer: Viewer) -> Deployed:
        return await engine.services.scripts.roll_back(viewer, slug, version)

    _show_deployed(as_json, with_scripts(context.obj, work, doing="Deploying …"))


@scripts.command()
@click.argument("slug")
@click.argument("old", required=False, type=click.IntRange(0))
@click.argument("new", required=False, type=click.IntRange(0))
@json_option
@click.pass_context
def diff(
    context: click.Context, slug: str, old: int | None, new: int | None, as_json: bool
) -> None:
    """Compare two versions of the script SLUG.

    OLD is the active version by default, NEW the newest one; 0 has no files.
    """

    async def work(engine: Engine, viewer: Viewer) -> list[FileChange]:
        service = engine.services.scripts
        script = await service.get(viewer, slug)
        before = (script.active_version or 0) if old is None else old
        return await service.diff(
            viewer, slug, before, script.newest_version if new is None else new
        )

    changes = with_engine(context.obj, work)
    lines = [line for one in changes for line in _lines_of(one)]
    data = [
        {
            "path": one.path,
            "kind": one.kind.value,
            "old_size": one.old_size,
            "new_size": one.new_size,
            "diff": one.diff,
        }
        for one in changes
    ]
    show(as_json, data, lines or "No differences.")


@scripts.command()
@click.argument("slug")
@click.option("--reason", help="Reason, for the owners and the audit trail.")
@json_option
@click.pass_context
def suspend(context: click.Context, slug: str, reason: str | None, as_json: bool) -> None:
    """Refuse the requests of the script SLUG until it is resumed."""

    async def work(engine: Engine, viewer: Viewer) -> Script:
        return await engine.services.scripts.suspend(viewer, slug, reason)

    _show(as_json, with_engine(context.obj, work), "is suspended")


@scripts.command()
@click.argument("slug")
@json_option
@click.pass_context
def resume(context: click.Context, slug: str, as_json: bool) -> None:
    """Serve the suspended script SLUG again."""

    async def work(engine: Engine, viewer: Viewer) -> Script:
        return await engine.services.scripts.resume(viewer, slug)

    _show(as_json, with_engine(context.obj, work), "is no longer suspended")


@scripts.command()
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_context
def delete(context: click.Context, slug: str, yes: bool, as_json: bool) -> None:
    """Delete the script SLUG and free its routes. It can be restored for 30 days."""
    confirm(f"Delete {slug}?", yes)

    async def work(engine: Engine, viewer: Viewer) -> Script:
        return await engine.services.scripts.delete(viewer, slug)

    _show(as_json, with_engine(context.obj, work), "is deleted")


@scripts.command()
@click.argument("slug")
@json_option
@click.pass_context
def restore(context: click.Context, slug: str, as_json: bool) -> None:
    """Restore the deleted script SLUG. Nothing is served until a version is deployed."""

    async def work(engine: Engine, viewer: Viewer) -> Script:
        return await engine.services.scripts.restore(viewer, slug)

    _show(as_json, with_engine(context.obj, work), "is restored")


def _show(as_json: bool, script: Script, outcome: str) -> None:
    show(as_json, answers.script(script), f"{script.slug} {outcome}.")


def _show_deployed(as_json: bool, done: Deployed) -> None:
    outcome = "is live" if done.changed else "was live already"
    lines = [f"version {done.version} of {done.script.slug} {outcome}"]
    lines += [f"  {route.method} {route.path}" for route in done.routes]
    show(as_json, answers.deployed(done), lines)


def _lines_of(change: FileChange) -> list[str]:
    if change.diff is not None:
        return change.diff.splitlines()
    sizes = f"{change.old_size or 0:,} to {change.new_size or 0:,} bytes"
    return [f"{change.path}: {change.kind.value}, {sizes}; not text, or too large to compare"]
