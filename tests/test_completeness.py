"""Whether the built pages belong to their sources."""

import hashlib
import json

import pytest

from aiwebengine.core.completeness import changed_sources


@pytest.fixture
def frontend(tmp_path):
    """A folder with two sources, and what was built from them."""
    texts = {"editor/editor.js": "let one;\n", "css/base.css": "a { color: red; }\n"}
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text(text)
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "sources.json").write_text(json.dumps(hashes))
    return tmp_path


def test_unchanged_sources_are_those_that_were_built(frontend):
    assert changed_sources(frontend) == []


def test_a_source_that_was_changed_or_removed_is_named(frontend):
    (frontend / "editor" / "editor.js").write_text("let other;\n")
    (frontend / "css" / "base.css").unlink()

    assert changed_sources(frontend) == ["frontend/css/base.css", "frontend/editor/editor.js"]


def test_built_pages_without_a_record_are_of_unknown_sources(frontend):
    (frontend / "vendor" / "sources.json").unlink()

    assert changed_sources(frontend) == ["frontend/tools/vendor.mjs"]
