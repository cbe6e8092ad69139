"""The commands `aiwebengine scripts new|push|pull|check`, which work with a folder."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from aiwebengine.core.errors import Conflict, EngineError
from aiwebengine.core.identity import Viewer
from aiwebengine.core.untrusted_text import in_json
from aiwebengine.scripts import answers, folders, starting
from aiwebengine.scripts.errors import NotLoadable, PreconditionFailed
from aiwebengine.scripts.files import tree_of
from aiwebengine.scripts.folders import State
from aiwebengine.scripts.preconditions import Precondition
from aiwebengine.scripts.records import Checked, Deployed
from aiwebengine.scripts.types import Diagnostic
from aiwebengine.scripts.with_scripts import with_scripts
from aiwebengine.terminal.commands import FAILED, errors_reported, json_option, say, show

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

POLL_SECS = 0.2
MOST_NAMED = 10

_folder = click.argument(
    "folder", default=".", type=click.Path(file_okay=False, path_type=Path), metavar="[FOLDER]"
)
_slug = click.option("--slug", help="Slug of the script (default: the folder's).")


@click.command()
@click.argument("name", type=click.Path(path_type=Path))
@json_option
def new(name: Path, as_json: bool) -> None:
    """Start a script in the new folder NAME: a first script, types for editors, and a README.

    The last part of NAME is the slug.
    """
    with errors_reported():
        written = starting.start(name)
    lines = [f"{name} has {', '.join(written)}.", f"Next: aiwebengine scripts push {name}"]
    show(as_json, {"slug": name.name, "folder": str(name), "files": written}, lines)


@click.command()
@_folder
@_slug
@click.option("-m", "--message", help="What the version changes.")
@click.option("--no-deploy", is_flag=True, help="Save the files, but do not deploy them.")
@click.option(
    "--force", is_flag=True, help="Replace also a version that this folder does not have."
)
@click.option("--watch", is_flag=True, help="Deploy again after each change, until Ctrl-C.")
@json_option
@click.pass_context
def push(
    context: click.Context,
    folder: Path,
    slug: str | None,
    message: str | None,
    no_deploy: bool,
    force: bool,
    watch: bool,
    as_json: bool,
) -> None:
    """Save the files in FOLDER as a new version and deploy it; creates the script if need be.

    Dotfiles, node_modules and links are left out. Exits with status 1 if the version does not load;
    then nothing changes.
    """
    pushing = _Pushing(folder, slug, message, not no_deploy, force, as_json)

    async def work(engine: Engine, viewer: Viewer) -> bool:
        if watch:
            await _watch(pushing, engine, viewer)
        return await pushing.push(engine, viewer)

    try:
        is_done = with_scripts(context.obj, work, doing=None if watch else "Pushing …")
    except KeyboardInterrupt:
        return
    if not is_done:
        sys.exit(FAILED)


@click.command()
@click.argument("slug")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--version", type=click.IntRange(1), help="Version to write (default: the newest).")
@click.option("--force", is_flag=True, help="Overwrite changed files.")
@json_option
@click.pass_context
def pull(
    context: click.Context,
    slug: str,
    folder: Path | None,
    version: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write the files of the script SLUG into FOLDER (default: a folder named as the slug).

    Files that were changed since the last push or pull are not overwritten without --force.
    """
    target = folder or Path(slug)

    async def work(engine: Engine, viewer: Viewer) -> tuple[int, list[str]]:
        scripts = engine.services.scripts
        script = await scripts.get(viewer, slug)
        number = version or script.newest_version
        if number == 0:
            raise Conflict(f"Nothing is saved in {slug} yet.")
        files = await scripts.files(viewer, slug, number)
        written = _pulled(target, slug, number, files, force)
        found = await scripts.version(viewer, slug, number)
        starting.write_for_editors(target, found.dialect)
        return number, written

    number, written = with_scripts(context.obj, work)
    lines = [f"wrote {path}" for path in written] + [f"{target} has version {number} of {slug}."]
    show(as_json, {"slug": slug, "version": number, "written": written}, lines)


@click.command()
@_folder
@_slug
@click.option("--version", type=click.IntRange(1), help="Check this saved version instead.")
@json_option
@click.pass_context
def check(
    context: click.Context, folder: Path, slug: str | None, version: int | None, as_json: bool
) -> None:
    """Load the files in FOLDER, or a saved version, without saving or deploying anything.

    Exits with status 1 if the version can't be deployed.
    """

    async def work(engine: Engine, viewer: Viewer) -> Checked:
        scripts = engine.services.scripts
        name = slug_of(folder, slug)
        if version is not None:
            return await scripts.check(viewer, name, version)
        return await scripts.check_files(viewer, name, tree_of(folders.read(folder).files))

    found = with_scripts(context.obj, work, doing="Checking …")
    lines = _lines_of(found.diagnostics)
    lines += [f"{route.method} {route.path}" for route in found.routes]
    lines.append("It can be deployed." if found.is_deployable else "It can't be deployed.")
    show(as_json, answers.checked(found), lines)
    if not found.is_deployable:
        sys.exit(FAILED)


class _Pushing:
    """Pushes a folder, once or after each change."""

    def __init__(
        self,
        place: Path,
        slug: str | None,
        message: str | None,
        deploy: bool,
        force: bool,
        as_json: bool,
    ) -> None:
        self.folder = place
        self._slug = slug
        self._message = message
        self._deploy = deploy
        self._force = force
        self._as_json = as_json
        self._named: list[str] = []

    async def push(self, engine: Engine, viewer: Viewer, *, at: str = "") -> bool:
        """Save and deploy what the folder has now; print what came of it. False: it does not load.

        Raises EngineError.
        """
        begun = time.perf_counter()
        slug, state = slug_of(self.folder, self._slug), folders.read_state(self.folder)
        found = await asyncio.to_thread(folders.read, self.folder)
        self._name(found.left_out)
        tree = await asyncio.to_thread(tree_of, found.files)
        known = None if state is None or state.slug != slug or self._force else state
        try:
            done = await engine.services.scripts.put(
                viewer,
                slug,
                tree,
                message=self._message,
                deploy=self._deploy,
                precondition=Precondition(
                    versions=None if known is None else frozenset({known.version})
                ),
            )
        except NotLoadable as error:
            self._print_refusal(error, at)
            return False
        except PreconditionFailed as error:
            raise _outdated(slug, known, error) from error
        folders.write_state(self.folder, State(slug, done.version, folders.digests_of(found.files)))
        self._print(done, at, (time.perf_counter() - begun) * 1_000)
        return True

    def _name(self, left_out: list[str]) -> None:
        if left_out != self._named:
            more = f" and {len(left_out) - MOST_NAMED} more" if len(left_out) > MOST_NAMED else ""
            say(f"Left out: {', '.join(left_out[:MOST_NAMED])}{more}", err=True)
        self._named = left_out

    def _print(self, done: Deployed, at: str, milliseconds: float) -> None:
        if self._as_json:
            _print_json({**answers.deployed(done), "milliseconds": round(milliseconds, 1)})
            return
        for line in _lines_of(done.diagnostics):
            say(at + line)
        if not self._deploy:
            say(f"{at}version {done.version} of {done.script.slug} is saved")
            return
        outcome = "is live" if done.changed else "was live already"
        say(f"{at}version {done.version} of {done.script.slug} {outcome}, {milliseconds:.0f} ms")
        if not at:
            for route in done.routes:
                say(f"  {route.method} {route.path}")

    def _print_refusal(self, error: NotLoadable, at: str) -> None:
        if self._as_json:
            _print_json({"ok": False, "diagnostics": [one.as_json() for one in error.diagnostics]})
            return
        for line in _lines_of(error.diagnostics):
            say(at + line)


async def _watch(pushing: _Pushing, engine: Engine, viewer: Viewer) -> None:
    """Push at once and after each change, until cancelled."""
    pushed = None
    while True:
        now = await asyncio.to_thread(folders.snapshot, pushing.folder)
        if now != pushed:
            pushed = now
            at = f"{datetime.now():%H:%M:%S} "
            try:
                await pushing.push(engine, viewer, at=at)
            except FileNotFoundError:
                # An editor is replacing it: look again.
                pushed = None
            except EngineError as error:
                say(f"{at}Error: {error.message}", err=True)
        await asyncio.sleep(POLL_SECS)


def slug_of(place: Path, given: str | None) -> str:
    """The slug that was given, or that the folder was pushed with, or that is its name."""
    if given is not None:
        return given
    state = folders.read_state(place)
    return place.resolve().name if state is None else state.slug


def _pulled(
    target: Path, slug: str, number: int, files: dict[str, bytes], force: bool
) -> list[str]:
    state = folders.read_state(target)
    written = folders.write(target, files, state, force=force)
    folders.write_state(target, State(slug, number, folders.digests_of(files)))
    return written


def _outdated(slug: str, known: State | None, error: PreconditionFailed) -> Conflict:
    newest = error.extensions.get("version")
    had = "no version" if known is None else f"version {known.version}"
    if newest is None:
        return Conflict(f"There is no script {slug} any more. Push with --force to create it.")
    return Conflict(
        f"The newest version of {slug} is {newest}; this folder has {had}. Pull it into another"
        " folder and merge, or push with --force."
    )


def _lines_of(diagnostics: Sequence[Diagnostic]) -> list[str]:
    return [_line_of(one) for one in diagnostics]


def _line_of(one: Diagnostic) -> str:
    """`file:line:column: error: message`, as compilers write it."""
    place = ":".join(str(part) for part in (one.file, one.line, one.column) if part is not None)
    return (
        f"{place}: {one.severity.value}: {one.message}"
        if place
        else (f"{one.severity.value}: {one.message}")
    )


def _print_json(data: dict[str, Any]) -> None:
    click.echo(in_json(orjson.dumps(data).decode()))
