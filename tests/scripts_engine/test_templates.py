"""Templates of new scripts load without warnings, pass their tests and answer."""

from __future__ import annotations

import asyncio
import os

import deno
import httpx2
import pytest

from aiwebengine.core.identity import operator
from aiwebengine.scripts.files import tree_of
from aiwebengine.scripts.folders import write
from aiwebengine.scripts.starting import STARTER, for_editors
from aiwebengine.scripts.templates import files_of, templates
from aiwebengine.scripts.types import Dialect

ROOT = operator("tests")
ALL = {template.name: template for template in templates()}
WITHOUT_PAGE = {"tools"}
WITHOUT_TESTS = {"classic"}


@pytest.mark.parametrize("name", ALL)
async def test_a_template_loads_answers_and_passes_its_tests(served, name):
    slug = f"my-{name}"
    tree = tree_of(files_of(ALL[name], slug))
    deployed = await served.engine.services.scripts.put(ROOT, slug, tree)
    async with httpx2.AsyncClient(base_url=served.base, timeout=60) as client:
        answer = await client.get(f"/{slug}")

    assert deployed.diagnostics == []
    assert answer.status_code == (404 if name in WITHOUT_PAGE else 200)
    if name not in WITHOUT_TESTS:
        run = await served.engine.services.script_trials.test(ROOT, slug)
        assert [(one.name, one.error) for one in run.tests if one.error is not None] == []
        assert run.passed > 0


async def test_the_types_of_templates_are_right(tmp_path):
    write(tmp_path, for_editors(Dialect.MODULE), None, force=True)
    (tmp_path / "deno.json").write_bytes((STARTER / "deno.json").read_bytes())
    for name, template in ALL.items():
        if name != "classic":
            write(tmp_path / name, files_of(template, name), None, force=True)
    sources = sorted(str(path) for path in tmp_path.rglob("*.ts*") if path.suffix != ".json")

    process = await asyncio.create_subprocess_exec(
        deno.find_deno_bin(),
        "check",
        "--quiet",
        *sources,
        cwd=tmp_path,
        env={**os.environ, "DENO_DIR": str(tmp_path / ".deno"), "NO_COLOR": "1"},
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(300):
        _, errors = await process.communicate()

    assert (process.returncode, errors.decode()) == (0, "")


async def test_editors_get_the_texts_of_templates(edith, data):
    found = (await data(edith, "{ scriptTemplates { name title files { path text } } }"))[
        "scriptTemplates"
    ]

    assert [one["name"] for one in found] == list(ALL)
    assert {file["path"] for file in found[0]["files"]} >= {"main.ts", "greeting.test.ts"}
    assert "GET /__SLUG__" in next(
        file["text"] for file in found[0]["files"] if file["path"] == "main.ts"
    )


async def test_a_search_finds_the_path_of_a_route(hello, edith, data):
    listed = "query ($search: String) { scripts(filter: {search: $search}) { nodes { slug } } }"

    assert (await data(edith, listed, search="/HELLO/:na"))["scripts"]["nodes"] == [
        {"slug": "hello"}
    ]
    assert (await data(edith, listed, search="/hello/nothing"))["scripts"]["nodes"] == []
