"""Reads the documentation: code, links, headings."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parent.parent

_FENCE = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)|\b(?:src|href|srcset)=\"([^\" ]+)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
# Where a shell looks for a command: at the beginning, after another one, after what starts others.
_CALL = re.compile(
    r"(?:^|&&|\|\||;|\$\(|(?<= )\||\bsudo(?: -\w+ \S+)*|\b(?:exec|run)(?: -\S+)* [\w-]+)"
    r" *(?:\w+=\S+ +)*(?:python -m |[\w./~-]*/)?aiwebengine(?= |$)([^\n]*)"
)
_END = re.compile(r" \|{1,2} | && |;| [0-9]?>|(?<!\w)#|\)(?:$|\s)")


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def blocks(self) -> list[tuple[str, str]]:
        """Every fenced block: its language and its text."""
        return _FENCE.findall(self.text)

    @cached_property
    def prose(self) -> str:
        """All that is not in a fenced block."""
        return _FENCE.sub("", self.text)

    @cached_property
    def spans(self) -> list[str]:
        """What stands between backticks, each on one line."""
        return [" ".join(text.split()) for _, text in _SPAN.findall(self.prose)]

    @cached_property
    def links(self) -> list[str]:
        """Where links and pictures lead to."""
        return [first or second for first, second in _LINK.findall(_SPAN.sub("", self.prose))]

    @cached_property
    def anchors(self) -> set[str]:
        """What can stand after # in a link to this page, as GitHub makes it of headings."""
        found: set[str] = set(re.findall(r"<a (?:id|name)=\"([^\"]+)", self.prose))
        seen: Counter[str] = Counter()
        for heading in _HEADING.findall(self.prose):
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
            slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
        return found

    def calls(self) -> Iterator[list[str]]:
        """The words after `aiwebengine` wherever it is called."""
        lines = [line for kind, text in self.blocks if kind != "toml" for line in _whole(text)]
        for line in [*lines, *self.spans]:
            for rest in _CALL.findall(line.strip().removeprefix("$ ")):
                yield _words(_END.split(rest + " ")[0])


def pages() -> list[Page]:
    """The documentation: what a reader may come to."""
    top = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
    return [Page(path) for path in [*top, *sorted((ROOT / "docs").rglob("*.md"))]]


def _whole(text: str) -> list[str]:
    """Lines, each joined with its continuation lines."""
    return re.sub(r"\\\n\s*", " ", text).splitlines()


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        # A quotation mark that ends on another line.
        return text.split()
