"""The samples that send the log elsewhere fit the lines that the engine writes."""

import json
import logging
import re
from datetime import datetime
from fnmatch import fnmatch

import pytest
import yaml
from tests.logs.conftest import logging_to, told
from tests.pages import ROOT

SAMPLES = ROOT / "docs" / "monitoring"
UNIT = (ROOT / "deploy" / "systemd" / "aiwebengine.service").read_text()
FILE = re.search(r"^Environment=APP_LOGGING__FILE=(.+)$", UNIT, re.M)[1]


@pytest.fixture
def line(log):
    """A line as the engine writes it."""
    with logging_to(log):
        logging.getLogger("aiwebengine.tests").warning("thing.happened")
    (written,) = told(log)
    return written


def test_filebeat_reads_the_file_and_what_was_rotated_but_no_archive():
    sample = yaml.safe_load((SAMPLES / "filebeat.yml").read_text())
    (source,) = sample["filebeat.inputs"]
    (path,) = source["paths"]

    def is_read(name):
        left_out = any(re.search(one, name) for one in source["prospector.scanner.exclude_files"])
        return fnmatch(name, path) and not left_out

    assert is_read(FILE)
    assert is_read(f"{FILE}.2026-01-31")
    assert not is_read(f"{FILE}.2026-01-31.gz")


def test_filebeat_names_fields_that_a_line_has(line):
    sample = yaml.safe_load((SAMPLES / "filebeat.yml").read_text())
    (source,) = sample["filebeat.inputs"]
    target = source["parsers"][0]["ndjson"]["target"]
    steps = {name: step for one in sample["processors"] for name, step in one.items()}
    named = [steps["timestamp"]["field"], *(one["from"] for one in steps["rename"]["fields"])]

    assert {one.removeprefix(f"{target}.") for one in named} <= set(line)
    # Go writes a layout as one instant, whose digits stand for a digit each.
    (layout,) = steps["timestamp"]["layouts"]
    assert re.sub(r"\d", "0", layout) == re.sub(r"\d", "0", line["timestamp"])


def test_the_cloudwatch_agent_finds_the_file_and_the_time_at_the_beginning_of_a_line(line):
    sample = json.loads((SAMPLES / "cloudwatch-agent.json").read_text())
    (source,) = sample["logs"]["logs_collected"]["files"]["collect_list"]

    assert source["file_path"] == FILE
    assert source["timezone"] == "UTC"
    # It searches the line for the format; what follows it is not read.
    at = datetime.strptime(line["timestamp"].partition(".")[0], source["timestamp_format"])
    assert at == datetime.fromisoformat(line["timestamp"]).replace(microsecond=0, tzinfo=None)
    assert next(iter(line)) == "timestamp"
