"""Markdown for scripts."""

import pytest

from aiwebengine.core.errors import LimitExceeded
from aiwebengine.script_calls.converting import LONGEST_MARKDOWN, Conversions


async def test_markdown_becomes_html_and_nothing_is_removed():
    text = "# A\n\n|a|b|\n|-|-|\n|1|~~2~~|\n\n<script>x</script> **b**"

    html = await Conversions().markdown(None, text)

    assert "<h1>A</h1>" in html
    assert "<td><s>2</s></td>" in html
    assert "<script>x</script>" in html


async def test_a_long_text_is_refused():
    with pytest.raises(LimitExceeded, match=str(LONGEST_MARKDOWN)):
        await Conversions().markdown(None, "x" * (LONGEST_MARKDOWN + 1))


@pytest.mark.parametrize("text", ["[" * LONGEST_MARKDOWN, "*_" * (LONGEST_MARKDOWN // 2)])
async def test_markdown_that_takes_minutes_is_ended(text):
    with pytest.raises(LimitExceeded, match=r"took more than 0\.1 s, or a paragraph has more"):
        await Conversions(most_secs=0.1).markdown(None, text)
