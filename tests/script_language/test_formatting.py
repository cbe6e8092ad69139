"""Formatting of the files of scripts."""

import pytest

from aiwebengine.core.errors import BadUserInput, Forbidden
from aiwebengine.script_language.formatting import LANGUAGES

TEXTS = {
    "ts": ("const  a:number=1", "const a: number = 1;\n"),
    "tsx": ("const  a=<p>{ 1 }</p>", "const a = <p>{1}</p>;\n"),
    "mts": ("const  a:number=1", "const a: number = 1;\n"),
    "js": ("const  a=1", "const a = 1;\n"),
    "jsx": ("const  a=1", "const a = 1;\n"),
    "mjs": ("const  a=1", "const a = 1;\n"),
    "json": ('{"a":1}', '{ "a": 1 }\n'),
    "jsonc": ('{"a":1} // one', '{ "a": 1 } // one\n'),
    "css": ("p{color:red}", "p {\n  color: red;\n}\n"),
    "html": ("<p >a</p>", "<p>a</p>\n"),
    "md": ("*  a", "- a\n"),
}


@pytest.fixture
def format(engine, edith):
    return lambda path, text: engine.services.script_language.format(edith, path, text)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_languages(format, language):
    given, wanted = TEXTS[language]

    found = await format(f"lib/file.{language}", given)

    assert (found.text, found.diagnostic) == (wanted, None)


async def test_lines_have_100_characters(format):
    line = f'const a = ["{"x" * 40}", "{"y" * 39}"];\n'

    assert 80 < len(line) < 100
    assert (await format("a.ts", line)).text == line


@pytest.mark.parametrize(
    ("path", "text", "place"),
    [
        ("a.ts", "const a = 1;\nconst b = ;\n", "a.ts:2:11: Expression expected"),
        ("a.css", "a {\n  b: {\n", None),
        ("a.json", '{"a":', "a.json:1:6: Expected value"),
        ("a.ts", "\ud800 const = /* \0", "a.ts:1:"),
    ],
)
async def test_what_is_wrong_is_not_formatted(format, path, text, place):
    found = await format(path, text)

    assert (found.text is None) == (place is not None)
    assert place is None or found.diagnostic.text.startswith(place)


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("a.txt", "", r"path: 'a\.txt' can't be formatted; allowed: files that end in \.ts, "),
        ("../a.ts", "", "path"),
        ("a.ts", "x" * 1_000_001, "text: found 1,000,001 bytes"),
    ],
)
async def test_bad_input(format, path, text, message):
    with pytest.raises(BadUserInput, match=message):
        await format(path, text)


async def test_only_editors_format(engine, alan):
    with pytest.raises(Forbidden):
        await engine.services.script_language.format(alan, "a.ts", "1")
