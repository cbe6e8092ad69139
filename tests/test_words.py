"""Texts that people read use the standard terms: words.toml has the list."""

import re
from pathlib import Path

import pytest
from reference import words


@pytest.fixture(scope="module")
def found():
    """Every hit of the repository, by part."""
    found = {}
    for hit in words.hits(words.files()):
        found.setdefault(words.part_of(hit.path), []).append(str(hit))
    return found


def test_no_part_has_more_house_words_than_it_had(found):
    allowed = words.left()
    risen = [
        f"{part} has {len(hits)}, allowed are {allowed.get(part, 0)}:\n  " + "\n  ".join(hits)
        for part, hits in found.items()
        if len(hits) > allowed.get(part, 0)
    ]

    assert not risen, "\n".join(["Use the standard terms.", *risen])


def test_the_numbers_are_lowered_when_house_words_are_replaced(found):
    now = {part: len(found.get(part, [])) for part in words.left()}
    fallen = {part: now[part] for part, most in words.left().items() if now[part] < most}

    assert not fallen, f"Run `make words`; now: {fallen}"


def test_every_entry_says_what_to_write_and_matches_its_own_words():
    for word in words.words():
        assert word.house
        assert word.use
        assert re.compile(word.house)


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.py", '"""What is\n    told to whoever asks."""\n', ["What is told", "whoever"]),
        ("a.py", "told = rooms[0]  # the door\n", ["door"]),
        ("a.py", "def test_whoever_asks():\n    pass\n", ["whoever"]),
        ("a.py", 'x = f"{told} goes on"\n', ["goes on"]),
        ("a.py", '"""Tell apart, well-known, `told`, indoors."""\n', []),
        ("a.md", "It goes\non.\n```\ntold\n```\n`anew`\n", ["goes on"]),
        ("a.js", "const told = 1; // goes on\nhtml`<p>The room</p>`;\n", ["goes on", "room"]),
        ("a.js", 'say("Nothing is told here");\n', ["told"]),
        ("a.toml", 'told = "told"  # anew\n', ["anew"]),
        ("a.sql", "select told; -- anew\n", ["anew"]),
        ("Makefile", "told: ## Do it anew\n", ["anew"]),
    ],
)
def test_texts_are_read_and_code_is_not(name, text, found, tmp_path, monkeypatch):
    monkeypatch.setattr(words, "ROOT", tmp_path)
    Path(tmp_path / name).write_text(text)

    assert [hit.found for hit in words.hits([name])] == found


def test_a_number_can_not_be_raised(tmp_path, monkeypatch):
    listed = tmp_path / "words.toml"
    listed.write_text('[[word]]\nhouse = "anew"\nuse = "again"\n\n[left]\n"docs" = 1\n')
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "page.md"
    monkeypatch.setattr(words, "ROOT", tmp_path)
    monkeypatch.setattr(words, "LIST", listed)

    page.write_text("anew, anew")
    with pytest.raises(ValueError, match="in: docs"):
        words.write()
    page.write_text("again")
    words.write()

    assert words.left() == {}
