"""The list of the pages in docs/decisions/."""

from __future__ import annotations

import re
from pathlib import Path

from reference.markdown import table

FOLDER = Path(__file__).parent.parent / "docs" / "decisions"


def index() -> str:
    """Number and title of each decision, with a link."""
    rows = []
    for path in sorted(FOLDER.glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0]
        title = re.sub(r"^# (\d+\. )?", "", title)
        rows.append((path.name.partition("-")[0], f"[{title}]({path.name})"))
    return table(("number", "decision"), rows)
