"""The guides are true: what they show is run as it stands, and prints what they say."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from tests.conftest import first_sign_in, free_port
from tests.docs.blocks import ROOT, blocks, difference
from tests.docs.reader import Reader

from aiwebengine.core.errors import EngineError

# Read by somebody who has a token, and with Ada among the users.
TASKS = ("audit", "health", "secrets", "access-review", "metrics", "alerts")


@pytest.fixture
def reader(start, tmp_path) -> Reader:
    """Somebody at the machine of an engine whose administrator has just signed in."""
    _, base, output = start()
    first_sign_in(output)
    listening = base.removeprefix("http://")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "node_modules").symlink_to(ROOT / "frontend" / "node_modules")
    return Reader(tmp_path, listening, APP_SERVER__PORT=listening.rpartition(":")[2])


@pytest.mark.guides
@pytest.mark.parametrize(
    ("page", "at_least"),
    [
        ("README.md", 2),
        ("docs/scripts/README.md", 6),
        ("docs/scripts/forms.md", 6),
        ("docs/scripts/graphql.md", 3),
        ("docs/scripts/limits.md", 3),
        ("docs/scripts/values.md", 4),
        ("docs/scripts/files.md", 6),
        ("docs/scripts/users.md", 4),
        ("docs/scripts/schedules.md", 3),
        ("docs/scripts/deploying.md", 8),
        ("docs/scripts/security.md", 2),
        ("docs/scripting.md", 20),
        ("docs/roles.md", 5),
        ("docs/security.md", 1),
        ("docs/several-instances.md", 4),
        ("docs/troubleshooting.md", 20),
    ],
)
def test_a_page_is_true(reader, page, at_least):
    assert reader.read(page) >= at_least


@pytest.mark.guides
def test_pages_about_one_task_are_true(reader):
    reader.shell(
        """
        aiwebengine users invite ada@example.com --role Editor
        TOKEN=$(aiwebengine tokens create --user admin@localhost --name reader)
        METRICS_KEY=$TOKEN
        """
    )

    assert all(reader.read(f"docs/{page}.md") for page in TASKS)


@pytest.mark.guides
def test_from_a_clone_to_a_granted_role(tmp_path):
    begun, clone = time.monotonic(), tmp_path / "aiwebengine"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    port, output = str(free_port()), tmp_path / "output"
    with output.open("w") as log:
        made = subprocess.Popen(
            ["make", "run"],
            cwd=clone,
            env={**os.environ, "APP_SERVER__PORT": port},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while "/auth/link?" not in output.read_text():
            assert made.poll() is None, output.read_text()
            time.sleep(0.2)
        reader = Reader(clone, f"localhost:{port}", APP_SERVER__PORT=port)
        banner = next(block.code for block in blocks("docs/start.md") if "is ready" in block.code)
        assert difference(reader.here(banner), output.read_text()) is None
        first_sign_in(output)

        reader.read("docs/start.md")

        editors = reader.shell(".venv/bin/aiwebengine users list --role Editor --json")
        assert json.loads(editors)["total"] == 1
        print(f"\nFrom a clone to a granted role: {time.monotonic() - begun:.0f} s")
    finally:
        os.killpg(made.pid, signal.SIGINT)
        made.wait(60)


def test_every_picture_of_the_readme_is_there_light_and_dark():
    shown = re.findall(r'(?:src|srcset)="([^"]+)"', (ROOT / "README.md").read_text())

    assert len(shown) == 18
    assert [picture for picture in shown if not (ROOT / picture).is_file()] == []


def test_every_code_of_a_refusal_is_explained():
    page = (ROOT / "docs" / "scripting.md").read_text()
    codes = {kind.code for kind in [EngineError, *EngineError.__subclasses__()]}

    assert {code for code in codes if f"| `{code}` |" not in page} == set()


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("one\n…\nlast", "one\ntwo\nthree\nlast\n"),
        ("it took … seconds", "it took 0.3 seconds\n"),
        ('{"a": "…", "b": ["…"]}', '{"a": 1, "b": [1, 2]}'),
        ('{"id": "x-…"}', '{"id": "x-17"}'),
    ],
)
def test_dots_stand_for_anything(wanted, found):
    assert difference(wanted, found) is None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("one\n…\nlast", "one\ntwo\n"),
        ("one", "one\ntwo\n"),
        ('{"a": 1}', '{"a": 1, "b": 2}'),
        ('{"a": [1]}', '{"a": [1, 2]}'),
        ('{"a": "…x"}', '{"a": "y"}'),
        ('{"a": 1}', "no JSON"),
    ],
)
def test_everything_else_is_as_it_is_written(wanted, found):
    assert difference(wanted, found) is not None


def test_every_test_that_the_security_model_names_is_there():
    named = re.findall(
        r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs" / "security.md").read_text()
    )

    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / file).is_file() or (name and f"def {name}(" not in (ROOT / file).read_text())
    ]

    assert len(named) > 30
    assert missing == []
