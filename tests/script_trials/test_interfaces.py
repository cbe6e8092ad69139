"""Tests and snippets by commands, GraphQL and REST."""

import json
import os

import pytest
from tests import commands

MAIN = """
export const double = (n) => 2 * n;
export const routes = { "GET /trial": () => new Response(String(double(1))) };
"""
TESTS = """
import { double } from "./main.js";
test("doubles", () => { console.log("seen"); expect(double(2)).toBe(4); });
test("triples", () => { expect(double(2)).toBe(6); });
"""
SAVE = """
  mutation ($files: [ScriptFileInput!]!) {
    createScript(input: {slug: "trial"}) { script { slug } }
    saveScript(input: {slug: "trial", files: $files}) { changed }
    deployScript(input: {slug: "trial"}) { changed }
  }
"""
TEST = """
  mutation ($files: [ScriptFileInput!]) {
    testScript(input: {slug: "trial", files: $files}) {
      passed failed skipped version log { text file line }
      tests { name status file line error { message file line } }
    }
  }
"""
EVALUATE = """
  mutation ($source: String!) {
    evaluateScript(input: {slug: "trial", source: $source}) {
      json text error { message } version
    }
  }
"""
FILES = [{"path": "main.js", "text": MAIN}, {"path": "main.test.js", "text": TESTS}]


@pytest.fixture
def run(url, tmp_path):
    """Run `aiwebengine scripts` in a folder with the script `trial`."""
    folder = tmp_path / "trial"
    folder.mkdir()
    for file in FILES:
        (folder / file["path"]).write_text(file["text"])
    environment = {**os.environ, "APP_REPOSITORY__DATABASE_URL": url, "COLUMNS": "200"}

    def run(*arguments, code=0):
        done = commands.run("scripts", *arguments, cwd=tmp_path, env=environment)
        assert done.returncode == code, done.stderr + done.stdout
        assert "Traceback" not in done.stderr
        return done.stdout

    return run


def test_commands_print_tests_and_values(run):
    run("push", "trial")
    tested = run("test", "trial", code=1)
    as_json = json.loads(run("test", "trial", "--name", "doubles", "--json"))
    value = run("eval", "trial", "double(21)")
    thrown = run("eval", "trial", "none.such", code=1)

    assert "ok      doubles (main.test.js:3)" in tested
    assert "FAILED  triples (main.test.js:4)" in tested
    assert "AssertionError: expected 4 to be 6" in tested
    assert "1 passed, 1 failed, 0 skipped" in tested
    assert (as_json["passed"], as_json["failed"], as_json["skipped"]) == (1, 0, 1)
    assert value == "42\n"
    assert "none is not defined" in thrown


async def test_graphql_tests_and_evaluates(engine, edith, ask):
    async def data(query, **variables):
        body = await ask(edith, query, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    await data(SAVE, files=FILES)
    run = (await data(TEST))["testScript"]
    value = (await data(EVALUATE, source="({ n: double(2) })"))["evaluateScript"]

    assert (run["passed"], run["failed"], run["skipped"], run["version"]) == (1, 1, 0, 1)
    assert run["log"] == [{"text": "seen", "file": "main.test.js", "line": 3}]
    assert run["tests"][1] == {
        "name": "triples",
        "status": "FAILED",
        "file": "main.test.js",
        "line": 4,
        "error": {
            "message": "AssertionError: expected 4 to be 6",
            "file": "main.test.js",
            "line": 4,
        },
    }
    mended = {"path": "main.test.js", "text": TESTS.replace("toBe(6)", "toBe(4)")}
    unsaved = (await data(TEST, files=[FILES[0], mended]))["testScript"]
    assert (unsaved["passed"], unsaved["failed"], unsaved["version"]) == (2, 0, 0)
    assert value == {"json": '{"n":4}', "text": "{ n: 4 }", "error": None, "version": 1}
