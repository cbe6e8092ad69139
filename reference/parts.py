"""Parts of hand-written pages that are generated: each stands between two marks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from reference import architecture, decisions

DOCS = Path(__file__).parent.parent / "docs"

PARTS: dict[tuple[str, str], Callable[[], str]] = {
    ("architecture.md", "picture"): architecture.picture,
    ("architecture.md", "packages"): architecture.packages,
    ("decisions/README.md", "decisions"): decisions.index,
}


def pages() -> Iterator[tuple[Path, str]]:
    """Each page that has generated parts, and its text with these parts up to date.

    Raises ValueError for a page that lacks the marks of a part.
    """
    for name in dict.fromkeys(page for page, _ in PARTS):
        path = DOCS / name
        text = path.read_text(encoding="utf-8")
        for (page, part), made in PARTS.items():
            if page == name:
                text = _filled(text, part, made())
        yield path, text


def write() -> None:
    """Write every page that differs."""
    for path, text in pages():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"docs/{path.relative_to(DOCS)}")


def _filled(text: str, part: str, made: str) -> str:
    begin, end = f"<!-- begin: {part} -->", f"<!-- end: {part} -->"
    found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if len(found.findall(text)) != 1:
        raise ValueError(f"The page must have the marks {begin} and {end} once.")
    return found.sub(lambda _: f"{begin}\n{made}\n{end}", text)


if __name__ == "__main__":
    write()
