"""Small scripts."""

from __future__ import annotations

import json

from aiwebengine.scripts.files import tree_of
from aiwebengine.scripts.records import Tree


def serving(*routes: str, text: str = "hello") -> Tree:
    """A module with these routes, such as `GET /hello`."""
    entries = ", ".join(f"{json.dumps(route)}: answer" for route in routes)
    return tree(
        f"const answer = () => new Response({json.dumps(text)});\n"
        f"export const routes = {{ {entries} }};\n"
    )


def tree(main: str, **files: str) -> Tree:
    """The files of a version; `lib_text` is `lib/text.ts`."""
    others = {f"{name.replace('_', '/')}.ts": source.encode() for name, source in files.items()}
    return tree_of({"main.ts": main.encode(), **others})
