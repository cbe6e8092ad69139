"""Markdown for scripts."""

from __future__ import annotations

import asyncio

from markdown_it import MarkdownIt

from aiwebengine.core.errors import LimitExceeded
from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.operations import Operations

LONGEST_MARKDOWN = 500_000
"""Characters of one text."""

# CommonMark with the tables and strikethrough of GitHub. HTML in the text stays as it is.
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class Conversions:
    """Converts one text at a time in a thread, so that requests are answered meanwhile."""

    def __init__(self) -> None:
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
            html: str = await asyncio.to_thread(_MARKDOWN.render, markdown)
        return html
