"""Every command and every option."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

import click

from aiwebengine.cli.main import main
from aiwebengine.terminal.commands import FAILED, USAGE
from reference.markdown import code, page, paragraphs, table

NAME = "aiwebengine"
INTRODUCTION = f"""
`{NAME}` and `python -m {NAME}` are the same. Exit status: 0 success, {FAILED} failure or a problem
found, {USAGE} wrong usage or an invalid configuration. `--help` after any command prints the same
text.
""".strip()


def commands() -> Iterator[tuple[str, click.Command]]:
    """Each command and group, in the order of their names."""
    yield from _below(NAME, main)


def meaning(command: click.Command) -> str:
    """What it does."""
    return paragraphs(cleandoc(command.help or "").replace("\b", ""))


def parameters(command: click.Command) -> list[click.Parameter]:
    """Its arguments and options, without `--help`, which all have."""
    return [one for one in command.params if not _is_help(one)]


def text() -> str:
    """The page."""
    parts = []
    for path, command in commands():
        parts += [f"## {path}", meaning(command)]
        if isinstance(command, click.Group):
            rows = [
                (code(f"{path} {name}"), meaning(below).split("\n\n")[0])
                for name, below in _members(command)
            ]
            parts.append(table(("command", "what it does"), rows))
        else:
            parts.append(f"```sh\n{_usage(path, command)}\n```")
        options = [one for one in parameters(command) if isinstance(one, click.Option)]
        rows = [(_names(one), _value(one), _default(one), one.help or "") for one in options]
        parts.append(table(("option", "value", "default", "meaning"), rows))
    return page("Commands", INTRODUCTION, *parts)


def _below(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, below in _members(command):
            yield from _below(f"{path} {name}", below)


def _members(group: click.Group) -> Iterator[tuple[str, click.Command]]:
    """The commands of a group, in the order of their names."""
    context = click.Context(group)
    for name in sorted(group.list_commands(context)):
        below = group.get_command(context, name)
        assert below is not None  # noqa: S101 - it is on the list
        yield name, below


def _usage(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path)
    return " ".join([path, *command.collect_usage_pieces(context)])


def _is_help(parameter: click.Parameter) -> bool:
    return "--help" in parameter.opts


def _names(option: click.Option) -> str:
    return ", ".join(map(code, [*option.opts, *option.secondary_opts]))


def _value(option: click.Option) -> str:
    """What is to follow the option; nothing for a flag."""
    if option.is_flag:
        return ""
    kind, again = option.type, ", may be repeated" if option.multiple else ""
    if isinstance(kind, click.Choice):
        if option.metavar:
            return code(option.metavar) + again
        return " or ".join(code(str(one)) for one in kind.choices) + again
    if isinstance(kind, click.IntRange):
        least = "" if kind.min is None else f" from {kind.min}"
        most = "" if kind.max is None else f" to {kind.max}"
        return f"whole number{least}{most}{again}"
    words = {
        "text": "text",
        "float": "number",
        "float range": "number",
        "integer": "whole number",
        "uuid": "id",
    }
    if isinstance(kind, click.Path):
        return ("folder" if not kind.file_okay else "file") + again
    return words[kind.name] + again


def _default(option: click.Option) -> str:
    if option.required:
        return "required"
    default: Any = option.to_info_dict()["default"]
    if option.is_flag and not option.secondary_opts:
        return ""
    if default is None or option.multiple:
        return ""
    if isinstance(default, bool):
        return code((option.opts if default else option.secondary_opts)[0])
    return code(str(default))
