"""Checks and formatting with the real tools, in a folder of the test."""

from __future__ import annotations

import pytest

from aiwebengine.script_language.checking import BOUNDS, TypeChecker
from aiwebengine.scripts.files import tree_of

MAIN = """
import { double } from "./lib/numbers.ts";
export const routes: Routes = {
  "GET /one": (request, env, ctx) => new Response(String(double(1)) + ctx.requestId),
};
"""
LIB = "export const double = (value: number): number => 2 * value;\n"


def tree(main=MAIN, entry="main.ts", **files):
    """The files of a module script; double underscores in names are dots, single ones slashes."""
    contents = {"lib/numbers.ts": LIB, entry: main}
    contents |= {name.replace("__", ".").replace("_", "/"): text for name, text in files.items()}
    return tree_of({path: text.encode() for path, text in contents.items()})


@pytest.fixture
def check(tmp_path):
    """Check files; what was found, with each error as a text."""

    async def check(files, bounds=BOUNDS):
        found = await TypeChecker(lambda: tmp_path, bounds).check(files)
        assert [path.name for path in tmp_path.iterdir()] in ([], ["types.lock"])
        return [one.text for one in found.diagnostics], found.problem

    return check
