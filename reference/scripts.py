"""docs/scripts/reference.md."""

from __future__ import annotations

from pathlib import Path

from aiwebengine.scripts.interface import interface
from aiwebengine.scripts.interface.markdown import markdown

PAGE = Path(__file__).parent.parent / "docs" / "scripts" / "reference.md"


def write() -> None:
    """Write the page if it differs."""
    made = markdown(interface())
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != made:
        PAGE.write_text(made, encoding="utf-8")
        print("docs/scripts/reference.md")
