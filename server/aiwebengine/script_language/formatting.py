"""Formats the text of a file with `deno fmt`, which reads and writes no file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from aiwebengine.core.errors import BadUserInput, Unavailable
from aiwebengine.runtimes.deno import Deno
from aiwebengine.script_language import messages, process
from aiwebengine.script_language.process import Bounds
from aiwebengine.script_language.types import FormattedFile
from aiwebengine.scripts.files import must_be_path

LARGEST_TEXT_BYTES = 1_000_000
"""Of a text to format, in UTF-8."""
FORMAT_SECS = 10.0
LINE_WIDTH = 100
"""The deno.json of `aiwebengine scripts init` has the same."""

BOUNDS = Bounds(FORMAT_SECS, 512 * 1_048_576, 8 * LARGEST_TEXT_BYTES)
LANGUAGES = "ts tsx mts js jsx mjs json jsonc css html md".split()
_FLAGS = f"--quiet --no-config --no-editorconfig --line-width={LINE_WIDTH}".split()
_SUFFIX = re.compile(rf".*\.({'|'.join(LANGUAGES)})", re.IGNORECASE | re.DOTALL)


async def formatted(folder: Callable[[], Path], path: str, text: str) -> FormattedFile:
    """The text of a file, formatted as its name says.

    Raises BadUserInput for a file of another kind or a text that is too long, and Unavailable.
    """
    must_be_path(path)
    suffix = _SUFFIX.fullmatch(path)
    if suffix is None:
        raise BadUserInput(
            f"path: {path!r} can't be formatted; allowed: files that end in"
            f" {', '.join(f'.{name}' for name in LANGUAGES)}."
        )
    given = text.encode("utf-8", "replace")
    if len(given) > LARGEST_TEXT_BYTES:
        raise BadUserInput(
            f"text: found {len(given):,} bytes; at most {LARGEST_TEXT_BYTES:,} are allowed."
        )
    deno = Deno(folder() / "deno")
    try:
        finished = await process.run(
            [*deno.tool("fmt"), *_FLAGS, f"--ext={suffix[1].lower()}", "-"],
            folder=Path("/"),
            environment=deno.environment(),
            bounds=BOUNDS,
            given=given,
        )
    except OSError as error:
        raise Unavailable(f"Nothing can be formatted on the server: {error.strerror}.") from error
    if finished.stopped is not None:
        raise Unavailable(
            f"{path} was not formatted: it takes more than {FORMAT_SECS:.0f} seconds or too much"
            " memory."
        )
    if finished.exit_code != 0:
        found = messages.formatting_error(finished.errors.decode(errors="replace"), path)
        return FormattedFile(text=None, diagnostic=found)
    return FormattedFile(text=finished.output.decode(errors="replace"), diagnostic=None)
