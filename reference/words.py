"""The word list: house words in texts that people read, and how many each part has left.

`python -m reference.words` lowers the numbers in words.toml; `python -m reference.words PATH …`
prints every hit below these paths.
"""

from __future__ import annotations

import io
import os
import re
import sys
import tokenize
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIST = ROOT / "words.toml"
_LEFT = "[left]\n"

# Texts by kind: what is code in them is not read.
_PYTHON = {".py"}
_SCRIPT = {".js", ".mjs", ".css"}
_HASHED = {".toml", ".yml", ".yaml", ".sh", ".service", ".timer", ".conf", ".graphql", ".sql"}
_HASHED_NAMES = {"Makefile", "Dockerfile", "Caddyfile", ".env.example", "find-engine"}
# Generated from texts that are read at their source, lists of packages, the word list and its test.
_LEFT_OUT = re.compile(
    r"docs/reference/|schema\.graphql$|tests/schema\.sql$|frontend/types/|frontend/vendor/"
    r"|(requirements|constraints).*\.txt$|words\.toml$|tests/test_words\.py$|LICENSE$"
    r"|package-lock\.json$"
    r"|server/aiwebengine/upgrades/history\.toml$|CHANGELOG\.md$"
)
# Folders that Git ignores: anywhere, and at the root.
_NOT_OURS = {"node_modules", "vendor", "__pycache__"}
_MADE_HERE = {"data", "logs", "backups", "build", "dist"}
_GENERATED = re.compile(r"<!-- begin: (\w+) -->.*?<!-- end: \1 -->", re.DOTALL)
_FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(`+)[^`\n][^`]*?\1")
_IN_BRACES = re.compile(r"\{(?:[^{}\n]|\{[^{}\n]*\})*\}")
# Comments, strings with a space, text between tags or expressions, a line of prose in a template.
_SCRIPT_TEXT = re.compile(
    r"/\*.*?\*/|(?<![:\w\"'])//[^\n]*|\"[^\"\n]* [^\"\n]*\"|(?<=>)[^<>{}$]+(?=<)"
    r"|(?<=>)[^<>{}$=;()]+(?=\$\{)|(?<=\})[^<>{}$=;()]+(?=<)"
    r"|^ +[A-Z][\w\u2019',.()-]*(?: [\w\u2019',.():;-]+)+$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Word:
    """One entry of the list: what not to write, what to write, and where it is right."""

    house: str
    use: str
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hit:
    """A house word in a file."""

    path: str
    line: int
    found: str
    use: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.found!r}; use: {self.use}"


@cache
def words() -> tuple[Word, ...]:
    """The word list."""
    found = tomllib.loads(LIST.read_text(encoding="utf-8"))["word"]
    return tuple(Word(one["house"], one["use"], tuple(one.get("allowed", ()))) for one in found)


def left() -> dict[str, int]:
    """How many hits each part may have: the numbers in words.toml."""
    found = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return dict(found.get("left", {}))


def part_of(path: str) -> str:
    """The part of the tree that a file is counted in."""
    folders = path.split("/")[:-1]
    if folders[:2] == ["server", "aiwebengine"]:
        return "/".join(folders[:3])
    if folders and folders[0] in ("frontend", "tests"):
        return "/".join(folders[:2])
    return folders[0] if folders else "."


def counts() -> Counter[str]:
    """How many hits each part has now."""
    return Counter(part_of(hit.path) for hit in hits(files()))


def files() -> list[str]:
    """Every file of the repository that has text for people."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        at = Path(folder).relative_to(ROOT)
        folders[:] = [
            one
            for one in folders
            if one not in _NOT_OURS
            and (one == ".ci" or not one.startswith("."))
            and (at != Path() or one not in _MADE_HERE)
        ]
        found += [(at / name).as_posix() for name in names]
    return sorted(path for path in found if not _LEFT_OUT.search(path))


def hits(paths: Iterable[str]) -> Iterator[Hit]:
    """Every house word in these files."""
    for path in paths:
        text = text_of(path)
        if text is not None:
            yield from hits_in(path, text)


def hits_in(path: str, text: str) -> Iterator[Hit]:
    """Every house word in a text; a phrase may continue on the next line."""
    # Indentation and the mark of a comment are no part of a phrase.
    text = re.sub(r"[ \t]+", " ", text)
    text = re.sub(r"\n[ #*/-]+", "\n", text)
    for match in _pattern().finditer(text):
        if match.lastgroup is not None:
            use = words()[int(match.lastgroup[1:])].use
            yield Hit(path, text.count("\n", 0, match.start()) + 1, " ".join(match[0].split()), use)


def text_of(path: str) -> str | None:
    """What people read in a file, with its lines in place; None when it has no such text."""
    file = ROOT / path
    kind, name = file.suffix, file.name
    known = _PYTHON | _SCRIPT | _HASHED | {".md", ".html"}
    if kind not in known and name not in _HASHED_NAMES:
        return None
    text = file.read_text(encoding="utf-8")
    if kind == ".md":
        return _blanked(text, _GENERATED, _FENCE, _SPAN)
    if kind in _PYTHON:
        return _of_python(text)
    if kind in _SCRIPT:
        return _of_script(text)
    if kind == ".html":
        return text
    return _blanked(_of_comments(text, "--" if kind == ".sql" else "#"), _SPAN)


def write() -> None:
    """Write the numbers of today. Raises ValueError, and writes nothing, when one has risen."""
    now, before = counts(), left()
    risen = [part for part in now if now[part] > before.get(part, 0)]
    if risen:
        raise ValueError(f"More house words than before in: {', '.join(sorted(risen))}.")
    text = LIST.read_text(encoding="utf-8").partition(_LEFT)[0].rstrip()
    lines = [f'"{part}" = {number}' for part, number in sorted(now.items()) if number]
    LIST.write_text(f"{text}\n\n{_LEFT}" + "\n".join([*lines, ""]), encoding="utf-8")


@cache
def _pattern() -> re.Pattern[str]:
    """Matches every house word, in a group of its number, and allowed phrases without a group."""
    allowed = [re.escape(phrase) for word in words() for phrase in word.allowed]
    house = [f"(?P<w{number}>{word.house})" for number, word in enumerate(words())]
    choice = "|".join([*allowed, *house]).replace("\\ ", " ").replace(" ", r"\s")
    return re.compile(rf"(?<![\w-])(?:{choice})(?![\w-])", re.IGNORECASE)


def _blanked(text: str, *patterns: re.Pattern[str]) -> str:
    """The text without what matches; line breaks are kept."""
    for pattern in patterns:
        text = pattern.sub(lambda match: " " + "\n" * match[0].count("\n"), text)
    return text


def _of_python(text: str) -> str:
    """Comments, texts and the names of tests; code between braces or backticks is left out."""
    kept: list[str] = []
    row = 1
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_name = token.type == tokenize.NAME and token.string.startswith("test_")
        if is_name or (token.type in kinds and " " in token.string):
            kept.append("\n" * (token.start[0] - row))
            kept.append(token.string.replace("_", " ") if is_name else token.string)
            kept.append(" ")
            row = token.end[0]
    return _blanked("".join(kept), _SPAN, _IN_BRACES)


def _of_script(text: str) -> str:
    """Comments, texts between quotation marks and in templates; expressions are left out."""
    kept: list[str] = []
    position = 0
    for match in _SCRIPT_TEXT.finditer(text):
        kept += ["\n" * text.count("\n", position, match.start()), match[0], " "]
        position = match.end()
    return _blanked("".join(kept), _SPAN)


def _of_comments(text: str, mark: str) -> str:
    """Comments, and the descriptions of targets; the Makefile's begin with ##."""
    lines = []
    for line in text.splitlines(keepends=True):
        begin = re.search(rf"(?:^|\s){re.escape(mark)}", line)
        at = begin.end() if begin else len(line.rstrip("\n"))
        said = re.search(r"^\s*(?:echo|printf|Description=|summary:|description:)", line)
        lines.append(line if said else " " * at + line[at:])
    return "".join(lines)


def main() -> None:
    """Lower the numbers, or print the hits below the paths that are given."""
    below = tuple(sys.argv[1:])
    if not below:
        write()
        return
    for hit in hits(path for path in files() if path.startswith(below)):
        print(hit)


if __name__ == "__main__":
    main()
