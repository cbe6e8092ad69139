"""The page about limits of scripts has the limits that the engine enforces."""

import re

from tests.docs.blocks import ROOT

from aiwebengine.app.scripting import script_settings
from aiwebengine.core.config import Config
from aiwebengine.script_calls import errors
from aiwebengine.scripts import files
from aiwebengine.scripts.limits import MAXIMA, MINIMA, NAMES
from aiwebengine.scripts.routes import RESERVED
from aiwebengine.scripts.service import KEEP_DELETED_DAYS, KEEP_LOG_DAYS

PAGES = ROOT / "docs" / "scripts"
LIMITS = (PAGES / "limits.md").read_text()


def test_every_limit_has_its_default_and_range():
    rows = re.findall(
        r"^\| `(\w+)` \| .* \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", LIMITS, re.MULTILINE
    )
    found = {name: tuple(map(float, numbers)) for name, *numbers in rows}
    defaults = script_settings(Config()).defaults

    assert found == {
        name: tuple(float(getattr(limits, name)) for limits in (defaults, MINIMA, MAXIMA))
        for name in NAMES
    }


def test_the_other_numbers_are_those_of_the_engine():
    assert files.LARGEST_FILE_BYTES == 10_000_000
    assert files.LARGEST_VERSION_BYTES == 50_000_000
    assert files.MOST_FILES == 1_000
    assert "A file has at most 10 MB, a version at most 50 MB and 1,000 files." in LIMITS
    assert f"Log lines are kept for {KEEP_LOG_DAYS} days" in LIMITS
    assert f"deleted scripts for {KEEP_DELETED_DAYS} days" in LIMITS


def test_every_outcome_has_its_status_and_code():
    rows = dict(re.findall(r"^\| (\d{3}) \| `(SCRIPT_\w+)` \|", LIMITS, re.MULTILINE))
    kinds = (
        errors.ScriptFailed,
        errors.ScriptCrashed,
        errors.ScriptUnavailable,
        errors.ScriptTimedOut,
    )

    assert rows == {str(kind.status): kind.code for kind in kinds}


def test_every_reserved_path_is_named():
    page = (PAGES / "security.md").read_text()
    exempt = {"/favicon.ico", "/robots.txt", "/scripts-graphql"}

    assert [path for path in RESERVED if path not in exempt and f"`{path}`" not in page] == []
