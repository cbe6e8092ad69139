"""Every event and field of the log, read from the calls that write lines."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiwebengine
from aiwebengine.logs.events import EVENTS, FIELDS
from reference.markdown import code, codes, page, table

PACKAGE = Path(aiwebengine.__file__).parent
LEVELS = ("debug", "info", "warning", "error", "critical")
ALWAYS = ("timestamp", "level", "event", "logger")
INTRODUCTION = """
Each line is one JSON object. How to find, follow, rotate and send lines: [logs.md](../logs.md).
Libraries write lines of their own at `warning` and above; their `event` is a sentence. Secrets
are not logged.
""".strip()


@dataclass(frozen=True)
class Line:
    """A call that writes a line."""

    event: str
    levels: frozenset[str]
    fields: frozenset[str]
    logger: str


def lines() -> list[Line]:
    """Every call of the program. Raises ValueError for one that can't be read from the code."""
    return [line for path in sorted(PACKAGE.rglob("*.py")) for line in _in_file(path)]


def text() -> str:
    """The page."""
    found = lines()
    rows = []
    for event, meaning in sorted(EVENTS.items()):
        own = [line for line in found if line.event == event]
        levels = [level for level in LEVELS if any(level in line.levels for line in own)]
        fields = sorted({name for line in own for name in line.fields})
        rows.append((code(event), ", ".join(levels), meaning, codes(fields)))
    names = [*ALWAYS, "request_id", *sorted(FIELDS.keys() - {*ALWAYS, "request_id"})]
    always = f"Every line has {codes(ALWAYS)}, and `request_id` when it belongs to a request."
    return page(
        "Log events and fields",
        INTRODUCTION,
        "## Events",
        table(("event", "level", "meaning", "fields"), rows),
        "## Fields",
        f"{always} Fields without a value are left out.",
        table(("field", "meaning"), [(code(name), FIELDS[name]) for name in names]),
    )


def _in_file(path: Path) -> Iterator[Line]:
    module = ast.parse(path.read_text(encoding="utf-8"))
    logger = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    functions = {node.name: node for node in ast.walk(module) if isinstance(node, _FUNCTIONS)}
    for function in (node for node in ast.walk(module) if isinstance(node, _FUNCTIONS)):
        scope = _Scope(function, functions)
        for node in ast.walk(function):
            if _writes(node):
                yield scope.line(node, logger)


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _writes(node: ast.AST) -> bool:
    """Whether this is a call such as `log.info(…)`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "log"
    )


class _Scope:
    """A function, with what its names stand for."""

    def __init__(self, function: ast.AST, functions: dict[str, ast.AST]) -> None:
        self._functions = functions
        self._values = {
            target.id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def line(self, call: ast.Call, logger: str) -> Line:
        name = call.func.attr
        arguments = list(call.args)
        if name == "log":
            levels = _levels(self._value(arguments.pop(0)))
        else:
            levels = {"error" if name == "exception" else name}
        event = arguments[0]
        if len(arguments) != 1 or not isinstance(event, ast.Constant):
            raise ValueError(f"{logger}:{call.lineno}: an event is one constant text")
        options = {one.arg: one.value for one in call.keywords}
        fields = self._keys(options["extra"]) if "extra" in options else set()
        if name == "exception" or "exc_info" in options:
            fields.add("exception")
        return Line(event.value, frozenset(levels), frozenset(fields), logger)

    def _value(self, node: ast.AST) -> ast.AST:
        return self._values[node.id] if isinstance(node, ast.Name) else node

    def _keys(self, node: ast.AST) -> set[str]:
        """The keys of a mapping as the code writes it down, through names and functions."""
        node = self._value(node)
        match node:
            case ast.Dict():
                found: set[str] = set()
                for key, value in zip(node.keys, node.values, strict=True):
                    found |= self._keys(value) if key is None else {ast.literal_eval(key)}
                return found
            case ast.DictComp(generators=[ast.comprehension(iter=ast.Tuple() as names)]):
                return set(ast.literal_eval(names))
            case ast.Call(func=ast.Name(id=name)):
                function = self._functions[name]
                inner = _Scope(function, self._functions)
                returned = [one.value for one in ast.walk(function) if isinstance(one, ast.Return)]
                return {key for value in returned if value for key in inner._keys(value)}
        raise ValueError(f"line {node.lineno}: these fields can't be read from the code")


def _levels(node: ast.AST) -> set[str]:
    return {
        part.attr.lower()
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute) and part.attr.lower() in LEVELS
    }
