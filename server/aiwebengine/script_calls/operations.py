"""Operations: what scripts may ask of the engine, by name, with checked arguments."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, get_type_hints

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError

from aiwebengine.core.errors import BadUserInput
from aiwebengine.runtimes.questions import Reply

if TYPE_CHECKING:
    from aiwebengine.script_calls.invocation import Invocation

LONGEST_SHOWN = 100
"""Characters of a value in a message."""

Function: TypeAlias = Callable[..., Awaitable[Any]]
# What JSON has itself is compared as it is; anything else is read from JSON.
_PLAIN = (str, int, float, bool, list, dict)


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    adapter: TypeAdapter[Any]
    is_plain: bool
    default: Any


@dataclass(frozen=True, slots=True)
class _Operation:
    function: Function
    parameters: list[_Parameter]
    required: int
    takes_body: bool


class Operations:
    """The operations of an engine; features add theirs when it starts."""

    def __init__(self) -> None:
        self._operations: dict[str, _Operation] = {}

    @property
    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._operations)

    def add(self, name: str, function: Function) -> None:
        """Add `async function(invocation, *arguments, body: bytes = b"")`.

        It returns a JSON value or a Reply, and raises EngineError for what the script should know.
        Arguments are checked by its annotations. One that has a default may be missing or null.
        """
        if name in self._operations:
            raise ValueError(f"the operation {name} exists already")
        hints = get_type_hints(function)
        parameters = list(inspect.signature(function).parameters.values())[1:]
        described = [
            _Parameter(
                one.name,
                _adapter(hints[one.name]),
                hints[one.name] in _PLAIN,
                one.default,
            )
            for one in parameters
            if one.name != "body"
        ]
        required = sum(one.default is inspect.Parameter.empty for one in described)
        takes_body = any(one.name == "body" for one in parameters)
        self._operations[name] = _Operation(function, described, required, takes_body)

    async def answer(
        self, invocation: Invocation, name: str, arguments: list[Any], body: bytes = b""
    ) -> Reply:
        """What an operation returns. Raises EngineError; BadUserInput for arguments that are wrong
        and for names that do not exist.
        """
        operation = self._operations.get(name)
        if operation is None:
            raise BadUserInput(f"{name[:LONGEST_SHOWN]} is not known to this engine.")
        given = _checked(name, operation, arguments)
        if operation.takes_body:
            result = await operation.function(invocation, *given, body=body)
        elif body:
            raise BadUserInput(f"{name}: it takes no bytes.")
        else:
            result = await operation.function(invocation, *given)
        return result if isinstance(result, Reply) else Reply(result)


def _adapter(annotation: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(annotation, config=ConfigDict(strict=True))
    except Exception:
        # Models and dataclasses have a configuration of their own.
        return TypeAdapter(annotation)


def _checked(name: str, operation: _Operation, arguments: list[Any]) -> list[Any]:
    parameters = operation.parameters
    # JavaScript passes undefined for what was left out at the end.
    while len(arguments) > len(parameters) and arguments[-1] is None:
        arguments = arguments[:-1]
    if not operation.required <= len(arguments) <= len(parameters):
        most, least = len(parameters), operation.required
        allowed = str(most) if most == least else f"{least} to {most}"
        raise BadUserInput(f"{name}: found {len(arguments)} arguments; allowed: {allowed}.")
    return [
        _value(name, parameter, value)
        for parameter, value in zip(parameters, arguments, strict=False)
    ]


def _value(name: str, parameter: _Parameter, value: Any) -> Any:
    if value is None and parameter.default is not inspect.Parameter.empty:
        return parameter.default
    try:
        if parameter.is_plain:
            return parameter.adapter.validate_python(value, strict=True)
        return parameter.adapter.validate_json(orjson.dumps(value), strict=True)
    except orjson.JSONEncodeError:
        # JSON is read to a greater depth than it is written.
        raise BadUserInput(f"{name}: {parameter.name}: it is nested too deeply.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join([parameter.name, *map(str, first["loc"])])
        found = _shown(first["input"])
        raise BadUserInput(f"{name}: {place}: found {found}; {first['msg'].lower()}.") from None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
