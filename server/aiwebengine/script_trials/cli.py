"""The commands `aiwebengine scripts test|eval`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiwebengine.core.identity import Viewer
from aiwebengine.script_trials.rest import evaluation_as_json, run_as_json
from aiwebengine.script_trials.types import (
    OutcomeOfTest,
    ScriptError,
    ScriptEvaluation,
    ScriptTest,
    ScriptTestRun,
)
from aiwebengine.scripts import folders
from aiwebengine.scripts.cli_files import slug_of
from aiwebengine.scripts.files import tree_of
from aiwebengine.scripts.run_types import ScriptRunLine
from aiwebengine.scripts.with_scripts import with_scripts
from aiwebengine.terminal.commands import FAILED, json_option, say, show

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

_MARKS = {
    OutcomeOfTest.PASSED: "ok",
    OutcomeOfTest.FAILED: "FAILED",
    OutcomeOfTest.SKIPPED: "skipped",
}


@click.command()
@click.argument(
    "folder", default=".", type=click.Path(file_okay=False, path_type=Path), metavar="[FOLDER]"
)
@click.option("--slug", help="Slug of the script (default: the folder's).")
@click.option("--version", type=click.IntRange(1), help="Test this saved version instead.")
@click.option("--name", help="Only tests whose name contains this text.")
@json_option
@click.pass_context
def test(
    context: click.Context,
    folder: Path,
    slug: str | None,
    version: int | None,
    name: str | None,
    as_json: bool,
) -> None:
    """Run the tests in FOLDER, or of a saved version: its files *.test.ts and *.test.js.

    The script must exist. What the tests write is undone. Exits with status 1 if one fails.
    """

    async def work(engine: Engine, viewer: Viewer) -> ScriptTestRun:
        tree = None if version is not None else tree_of(folders.read(folder).files)
        return await engine.services.script_trials.test(
            viewer, slug_of(folder, slug), version=version, tree=tree, name=name
        )

    found = with_scripts(context.obj, work, doing="Testing …")
    if not as_json:
        _print_log(found.log)
    lines = [line for one in found.tests for line in _lines_of(one)]
    lines.append(f"{found.passed} passed, {found.failed} failed, {found.skipped} skipped")
    show(as_json, run_as_json(found), lines)
    if found.failed:
        sys.exit(FAILED)


@click.command(name="eval")
@click.argument("slug")
@click.argument("source")
@click.option("--keep", is_flag=True, help="Keep what the snippet writes.")
@json_option
@click.pass_context
def evaluate(context: click.Context, slug: str, source: str, keep: bool, as_json: bool) -> None:
    """Evaluate SOURCE in the active version of the script SLUG, or standard input if it is "-".

    It is JavaScript: an expression, or statements with return. Exits with status 1 if it throws.
    """
    text = sys.stdin.read() if source == "-" else source

    async def work(engine: Engine, viewer: Viewer) -> ScriptEvaluation:
        return await engine.services.script_trials.evaluate(viewer, slug, text, keep=keep)

    found = with_scripts(context.obj, work, doing="Evaluating …")
    if not as_json:
        _print_log(found.log)
    lines = (found.text or "").split("\n") if found.error is None else _error_lines(found.error)
    show(as_json, evaluation_as_json(found), lines)
    if found.error is not None:
        sys.exit(FAILED)


def _lines_of(test: ScriptTest) -> list[str]:
    place = f" ({test.file}:{test.line})" if test.file else ""
    lines = [f"{_MARKS[test.status]:7} {test.name}{place} {test.milliseconds:.1f} ms"]
    return lines if test.error is None else lines + _error_lines(test.error)


def _error_lines(error: ScriptError) -> list[str]:
    return [f"        {line}" for line in (error.stack or error.message).split("\n")]


def _print_log(lines: list[ScriptRunLine]) -> None:
    for line in lines:
        place = f"{line.file}:{line.line}:{line.column} " if line.file else ""
        say(f"{line.level.value:5} {place}{line.text}", err=True)
