"""The packages of the server by layers: a picture and a table, from the imports."""

from __future__ import annotations

import importlib
import tomllib
from collections import defaultdict
from functools import cache
from inspect import getdoc
from pathlib import Path

import grimp

from reference.markdown import code, codes, table

ROOT = Path(__file__).parent.parent
PACKAGE = "aiwebengine"


@cache
def layers() -> tuple[tuple[str, ...], ...]:
    """The layers of the import-linter contract, top first. Those of one layer are independent."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = [
        one for one in project["tool"]["importlinter"]["contracts"] if one["type"] == "layers"
    ]
    return tuple(
        tuple(name.strip() for name in layer.split("|"))
        for layer in contract["layers"]
        if layer != "__main__"
    )


@cache
def imports() -> dict[str, frozenset[str]]:
    """Which packages each package imports at run time."""
    graph = grimp.build_graph(PACKAGE, exclude_type_checking_imports=True, cache_dir=None)
    names = [name for layer in layers() for name in layer]
    return {
        one: frozenset(
            other
            for other in names
            if other != one
            and graph.direct_import_exists(
                importer=f"{PACKAGE}.{one}", imported=f"{PACKAGE}.{other}", as_packages=True
            )
        )
        for one in names
    }


def picture() -> str:
    """A Mermaid diagram. An arrow is left out where a longer way through other packages exists."""
    lines = ["```mermaid", "flowchart TB"]
    for number, layer in enumerate(layers(), 1):
        if len(layer) == 1:
            lines.append(f"  {layer[0]}")
            continue
        lines += [f'  subgraph layer{number}[" "]', "    direction LR"]
        lines += [*(f"    {name}" for name in layer), "  end"]
    for name, below in _nearest().items():
        if below:
            lines.append(f"  {name} --> {' & '.join(sorted(below))}")
    return "\n".join([*lines, "```"])


def packages() -> str:
    """A table: each package with its subject and its imports, and the numbers."""
    found = imports()
    importers = defaultdict(set)
    for one, others in found.items():
        for other in others:
            importers[other].add(one)
    rows = [
        (code(f"{name}/"), _subject(name), codes(sorted(found[name])), str(len(importers[name])))
        for layer in layers()
        for name in layer
    ]
    arrows = sum(map(len, found.values()))
    return "\n\n".join(
        [
            table(("package", "subject", "imports", "imported by"), rows),
            f"{len(found)} packages in {len(layers())} layers, {arrows} arrows, no circle.",
        ]
    )


def _nearest() -> dict[str, frozenset[str]]:
    """The imports of each package without those that another of its imports leads to as well."""
    found = imports()
    reached: dict[str, frozenset[str]] = {}
    for layer in reversed(layers()):
        for name in layer:
            reached[name] = found[name].union(*(reached[other] for other in found[name]))
    return {
        name: frozenset(
            one for one in others if not any(one in reached[other] for other in others - {one})
        )
        for name, others in found.items()
    }


def _subject(name: str) -> str:
    """The first sentence of the package's docstring."""
    text = " ".join((getdoc(importlib.import_module(f"{PACKAGE}.{name}")) or "").split())
    return text.split(". ")[0].rstrip(".")
