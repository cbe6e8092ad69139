import json

import pytest

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.untrusted_text import in_json, must_show_all, on_one_line, without_hidden

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


@pytest.mark.parametrize("character", ["\x1b", "\n", "\u202e", "\u200b"])
async def test_names_and_notes_with_hidden_characters_are_refused(engine, ada, character):
    services, text = engine.services, f"a{character}b"

    for name, refused in {
        "name": services.tokens.create(ada, ada.id, text),
        "note": services.access_reviews.start(ada, text),
        "note of an item": services.maintenance.tick(ada, "documentation", text),
        "note of a backup": services.backups.create(ada, why=text),
        "note of a backup in the background": services.backups.start_create(ada, text),
    }.items():
        with pytest.raises(BadUserInput, match=rf"{name.split()[0]}: the character U\+"):
            await refused


def test_json_is_shown_without_hidden_characters_and_means_the_same():
    told = {"a": "\x1b \x9b \u202e \U000e0041 \u00eb \u200d"}

    shown = in_json(json.dumps(told, ensure_ascii=False))

    assert json.loads(shown) == told
    assert on_one_line(shown) == shown
    assert "\u00eb" in shown
