"""Scripts to begin with."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import strawberry

FOLDER = Path(__file__).parent / "templates"
SLUG = "__SLUG__"
"""In the texts, in the place of the slug of the new script."""


@strawberry.type
class ScriptTemplateFile:
    """A file of a template.

    Attributes:
        path: path of the file.
        text: its content, with `__SLUG__` for the slug of the new script.
    """

    path: str
    text: str


@strawberry.type
class ScriptTemplate:
    """A script to begin with. It loads and runs unchanged, and its tests pass.

    Attributes:
        name: its name, which is a good slug.
        title: its name for people.
        description: what it shows.
        files: its files, by path.
    """

    name: str
    title: str
    description: str
    files: list[ScriptTemplateFile]


_TEMPLATES = [
    ("hello", "Hello", "Two routes and a test. The shortest script that is worth changing."),
    ("page", "Page with form", "A page with a form, a database table with its migration, tests."),
    ("api", "JSON API", "Tasks that are listed, added, changed and removed, kept as values."),
    ("report", "Scheduled report", "A counter, and a run each morning that writes a report."),
    ("tools", "Tools for AI", "A tool and a prompt for language models (MCP)."),
    ("classic", "Classic script", "The form of the original engine, with init() and handlers."),
]


@cache
def templates() -> list[ScriptTemplate]:
    """All templates, the simplest first."""
    return [
        ScriptTemplate(name=name, title=title, description=description, files=_files(FOLDER / name))
        for name, title, description in _TEMPLATES
    ]


def files_of(template: ScriptTemplate, slug: str) -> dict[str, bytes]:
    """The files of a script with this slug that begins with the template."""
    return {file.path: file.text.replace(SLUG, slug).encode() for file in template.files}


def _files(folder: Path) -> list[ScriptTemplateFile]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        ScriptTemplateFile(path=path.relative_to(folder).as_posix(), text=path.read_text("utf-8"))
        for path in paths
    ]
