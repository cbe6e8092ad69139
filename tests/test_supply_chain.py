"""What is installed is what was pinned, and what is pinned for the image is pinned whole.

No database of known faults is asked: that needs the network. A person runs `pip-audit` for it.
"""

import re
from importlib.metadata import distributions

import pytest
from tests.test_house import ROOT

PINS = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
REQUIREMENTS = sorted(path.name for path in ROOT.glob("requirements*.txt"))


def plain(name):
    """A name of a distribution as it is compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def blocks(file):
    """Each requirement of a file: name, version, and how many hashes it has."""
    text = (ROOT / file).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [
        (*re.match(r"([\w.-]+)==([^\s;]+)", line).groups(), line.count("--hash=sha256:"))
        for line in lines
    ]


def test_what_is_installed_has_the_version_that_was_pinned():
    pins = {plain(name): version for name, version in PINS.items()}
    found = {plain(one.metadata["Name"]): one.version for one in distributions()}

    wrong = {name: version for name, version in found.items() if pins.get(name, version) != version}
    assert len(found.keys() & pins.keys()) > 50
    assert wrong == {}


@pytest.mark.parametrize("file", REQUIREMENTS)
def test_every_requirement_of_the_image_is_pinned_by_version_and_hash(file):
    found = blocks(file)

    assert found
    assert [name for name, _, hashes in found if not hashes] == []


def test_the_image_gets_the_versions_that_were_tested():
    pins = {plain(name): version for name, version in PINS.items()}

    differing = [
        name
        for name, version, _ in blocks("requirements.txt")
        if pins.get(plain(name), version) != version
    ]
    assert differing == []
