import pytest

from aiwebengine.errors import BadUserInput
from aiwebengine.untrusted_text import must_show_all, on_one_line, without_hidden

HIDDEN = [
    "\x00", "\x1b", "\x7f", "\x9b", "\n", "\r", "\t", "\u00ad", "\u061c", "\u200b", "\u200e",
    "\u202e", "\u2028", "\u2029", "\u2066", "\u2069", "\ufeff", "\ud800", "\U000e0041",
]  # fmt: skip
SHOWN = ["Zoë Müller", "محمد", "می‌خواهم", "👩‍👩‍👧", "李小龍", "Ωmega", "a\u00a0b", ""]


@pytest.mark.parametrize("character", HIDDEN)
def test_a_hidden_character_is_refused_removed_and_escaped(character):
    text = f"a{character}b"

    with pytest.raises(BadUserInput, match=rf"name: the character U\+{ord(character):04X} at pos"):
        must_show_all("name", text)
    assert without_hidden(text) in ("ab", "a b")
    assert on_one_line(text).startswith("a\\")
    assert character not in on_one_line(text)


@pytest.mark.parametrize("text", SHOWN)
def test_what_people_are_called_stays_as_it_is(text):
    must_show_all("name", text)

    assert without_hidden(text) == text
    assert on_one_line(text) == text
