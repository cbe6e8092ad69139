"""Markdown for scripts."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from aiwebengine.core.errors import LimitExceeded
from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.operations import Operations

LONGEST_MARKDOWN = 500_000
"""Characters of one text."""

MOST_SECS = 5.0
"""Of one conversion: some short texts take minutes, such as many opening brackets."""

_MOST_DELIMITERS = 5_000
"""Of one paragraph: the library pairs `*`, `_` and `~` in one piece, in quadratic time."""


class _TooSlow(Exception):
    """A conversion is ended."""


def _check_time(state: Any, *_place: Any) -> bool:
    """A rule of the parser that matches nothing: it is called before each block and each mark."""
    if monotonic() > state.env["deadline"]:
        raise _TooSlow
    return False


def _check_delimiters(state: StateInline) -> None:
    if len(state.delimiters) > _MOST_DELIMITERS:
        raise _TooSlow


def _converter() -> MarkdownIt:
    """CommonMark with the tables and strikethrough of GitHub. HTML in the text stays as it is."""
    made = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    inside = ["paragraph", "reference", "blockquote", "list"]
    made.block.ruler.before("table", "time", _check_time, {"alt": inside})
    made.inline.ruler.before("text", "time", _check_time)
    made.inline.ruler2.before("balance_pairs", "delimiters", _check_delimiters)
    return made


_MARKDOWN = _converter()


class Conversions:
    """Converts one text at a time in a thread, so that requests are answered meanwhile."""

    def __init__(self, most_secs: float = MOST_SECS) -> None:
        self._most_secs = most_secs
        self._turn = asyncio.Lock()

    def add_to(self, operations: Operations) -> None:
        """Add the operations."""
        operations.add("convert.markdown", self.markdown)

    async def markdown(self, invocation: Invocation, markdown: str) -> str:
        """HTML of a text in Markdown. Nothing is removed from it. Raises LimitExceeded."""
        if len(markdown) > LONGEST_MARKDOWN:
            raise LimitExceeded(
                f"convert.markdown_to_html: {len(markdown)} characters; allowed:"
                f" {LONGEST_MARKDOWN}."
            )
        async with self._turn:
            env = {"deadline": monotonic() + self._most_secs}
            try:
                html: str = await asyncio.to_thread(_MARKDOWN.render, markdown, env)
            except _TooSlow:
                raise LimitExceeded(
                    f"convert.markdown_to_html: {len(markdown)} characters took more than"
                    f" {self._most_secs:g} s, or a paragraph has more than {_MOST_DELIMITERS}"
                    " marks such as * and _. Convert smaller texts."
                ) from None
        return html
