"""Loads the configuration from a TOML file with `${VAR}` and from `APP_SECTION__KEY` variables.

`APP_SECTION__KEY_FILE` names a file that contains the value, as with container secrets.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from aiwebengine.core.config import Config

DEFAULT_FILE = Path("config.toml")
PREFIX = "APP_"
FILE_VARIABLE = "APP_CONFIG_FILE"
# No setting can end with this.
FILE_SUFFIX = "_file"

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_SECRET = re.compile(
    r"secret|private_key|password|api_key|database_url|client_id|access_key|signing_key|webhook_url"
)


# Parts of a pydantic error location that are not settings; "[key]" marks an invalid name.
_NOT_SETTINGS = ("IPv4Network", "IPv6Network", "[key]")


class ConfigError(Exception):
    """The configuration is invalid; `problems` lists every problem, one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Reading:
    """A configuration as far as this version understands it.

    Attributes:
        config: the configuration without the unknown keys; None if it is still invalid.
        unknown: the source of each unknown key.
        problems: all other problems, one line each.
    """

    config: Config | None
    unknown: dict[str, str]
    problems: list[str]


def load_config(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Load the configuration from *path* (or `config.toml` if it exists) and the environment.

    Raises ConfigError with every problem at once.
    """
    return _Loader(path, os.environ if environ is None else environ).load()


def read_config(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Reading:
    """Load it like `load_config`, but return problems such as unknown keys instead of raising."""
    return _Loader(path, os.environ if environ is None else environ).read()


class _Loader:
    def __init__(self, path: Path | None, environ: Mapping[str, str]) -> None:
        self._environ = environ
        named = path or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
        self._path = named or DEFAULT_FILE
        self._is_named = named is not None
        self._problems: list[str] = []
        self._variables: dict[str, str] = {}
        # Keys with an unset variable, whose other problems are not reported.
        self._unset: set[str] = set()

    def load(self) -> Config:
        values = self._substitute(self._file(), "")
        self._override(values)
        try:
            config = Config.model_validate(values)
        except ValidationError as error:
            self._problems += self._faults(error.errors(include_url=False))
        if self._problems:
            raise ConfigError(self._problems)
        return config

    def read(self) -> Reading:
        try:
            values = self._substitute(self._file(), "")
        except ConfigError as error:
            return Reading(None, {}, error.problems)
        self._override(values)
        unknown = {}
        for found in _errors(values):
            if found["type"] == "extra_forbidden":
                key = _key(found["loc"])
                unknown[key] = self._origin(key)
                _remove(values, found["loc"])
        self._problems += self._faults(_errors(values))
        usable = None if self._problems else Config.model_validate(values)
        return Reading(usable, unknown, self._problems)

    def _file(self) -> dict[str, Any]:
        if not self._is_named and not self._path.exists():
            return {}
        try:
            return tomllib.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError([f"{self._path}: the file does not exist"]) from None
        except OSError as error:
            raise ConfigError([f"{self._path}: {error.strerror}"]) from None
        except UnicodeDecodeError:
            raise ConfigError([f"{self._path}: the file is not UTF-8 text"]) from None
        except tomllib.TOMLDecodeError as error:
            raise ConfigError([f"{self._path}: {error}"]) from None

    def _substitute(self, value: Any, key: str) -> Any:
        """Replace each `${VAR}` and `${VAR:-default}` in a value."""
        if isinstance(value, dict):
            return {k: self._substitute(v, f"{key}.{k}" if key else k) for k, v in value.items()}
        if isinstance(value, list):
            return [self._substitute(item, f"{key}[{i}]") for i, item in enumerate(value)]
        if not isinstance(value, str):
            return value

        def variable(match: re.Match[str]) -> str:
            found = self._environ.get(match[1], match[2])
            if found is None:
                self._problems.append(f"{key}: the environment variable {match[1]} is not set")
                self._unset.add(key)
            return found or ""

        return _VARIABLE.sub(variable, value)

    def _override(self, values: dict[str, Any]) -> None:
        """Override values of the file with `APP_SECTION__KEY` variables."""
        for variable in sorted(self._environ):
            if not variable.startswith(PREFIX) or "__" not in variable:
                continue
            path = variable.removeprefix(PREFIX).lower().split("__")
            text, place = self._environ[variable], values
            if path[-1].endswith(FILE_SUFFIX):
                path[-1] = path[-1].removesuffix(FILE_SUFFIX)
                text = self._read_value(text, variable)
            self._variables[".".join(path)] = variable
            for part in path[:-1]:
                inner = place.setdefault(part, {})
                if not isinstance(inner, dict):
                    inner = place[part] = {}
                place = inner
            place[path[-1]] = self._parsed(text, variable)

    def _read_value(self, name: str, variable: str) -> str:
        """The content of a file without its final line break."""
        try:
            return Path(name).read_text(encoding="utf-8").rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            self._problems.append(f"{variable}: {error}")
            return ""

    def _parsed(self, text: str, variable: str) -> Any:
        if text[:1] not in ("[", "{"):
            return text
        try:
            return json.loads(text)
        except ValueError as error:
            self._problems.append(f"{variable}: not valid JSON: {error}")
            return text

    def _faults(self, errors: Sequence[Any]) -> list[str]:
        return [self._describe(one) for one in errors if _key(one["loc"]) not in self._unset]

    def _describe(self, found: Any) -> str:
        """Describe a problem: the key, the value found, and what is allowed."""
        key = _key(found["loc"])
        origin = self._origin(key)
        if found["type"] == "extra_forbidden":
            return f"{key}: unknown key{_suggestion(found['loc'])} (from {origin})"
        if found["type"] == "missing":
            return f"{key}: missing, but required"
        allowed = _allowed(found)
        given = found.get("input")
        if isinstance(given, dict):
            # A whole section, which can contain secrets.
            value = f"a section with {', '.join(map(str, given))}" if given else "an empty section"
        else:
            value = "a secret (not shown)" if _SECRET.search(key) else repr(given)[:80]
        return f"{key}: found {value}; allowed: {allowed} (from {origin})"

    def _origin(self, key: str) -> str:
        """The variable that sets the key or a key below it, else the file."""
        plain = re.sub(r"\[\d+\]", "", key)
        within = (name for at, name in self._variables.items() if at.startswith(f"{plain}."))
        return self._variables.get(plain) or next(within, str(self._path))


def _errors(values: dict[str, Any]) -> list[Any]:
    try:
        Config.model_validate(values)
    except ValidationError as error:
        return list(error.errors(include_url=False))
    return []


def _remove(values: Any, location: tuple[str | int, ...]) -> None:
    for part in location[:-1]:
        values = values[part]
    del values[location[-1]]


def masked(config: Config) -> dict[str, Any]:
    """The configuration with masked secrets."""
    settings: dict[str, Any] = json.loads(config.model_dump_json())
    return settings


def _key(location: tuple[str | int, ...]) -> str:
    key = ""
    for part in location:
        if isinstance(part, int):
            key += f"[{part}]"
        elif part not in _NOT_SETTINGS:
            key += f".{part}" if key else part
    return key


def _allowed(found: Any) -> str:
    """Describe the allowed values. Pydantic names only one bound, and Python types."""
    kind, field = found["type"], _field(found["loc"])
    if kind.startswith(("int_", "float_")):
        return f"a {'whole ' if kind.startswith('int_') else ''}number{_bounds(field, ' from')}"
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        return _bounds(field, "").strip() or str(found["msg"]).removeprefix("Input should be ")
    if kind == "list_type":
        return 'a list such as ["you@example.com"]'
    if kind.startswith("bool_"):
        return "true or false"
    if kind == "string_type":
        return "text"
    return str(found["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")


def _bounds(field: FieldInfo | None, word: str) -> str:
    """Describe the bounds of a number; empty if it has none."""
    minimum = maximum = None
    for one in field.metadata if field is not None else ():
        if (bound := getattr(one, "ge", None)) is not None:
            minimum = f"{bound:g}" if isinstance(bound, float) else f"{bound}"
        if (bound := getattr(one, "gt", None)) is not None and isinstance(bound, int | float):
            minimum = f"more than {bound:g}"
        if (bound := getattr(one, "le", None)) is not None:
            maximum = f"{bound:g}" if isinstance(bound, float) else f"{bound}"
    if minimum is not None and maximum is not None:
        return f"{word} {minimum}{', up' if minimum.startswith('more') else ''} to {maximum}"
    if minimum is not None:
        return f"{word} {minimum}" + ("" if minimum.startswith("more") else " or more")
    return "" if maximum is None else f" up to {maximum}"


def _field(location: tuple[str | int, ...]) -> FieldInfo | None:
    """The field at a location; None if there is none."""
    section: Any = Config
    field = None
    for part in location:
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            return None
        field = section.model_fields.get(str(part))
        if field is None:
            return None
        section = field.annotation
    return field


def _suggestion(location: tuple[str | int, ...]) -> str:
    """Suggest the known key that is most similar to an unknown one."""
    section: type[BaseModel] = Config
    for part in location[:-1]:
        field = section.model_fields.get(str(part))
        if field is None or not isinstance(field.annotation, type):
            return ""
        if not issubclass(field.annotation, BaseModel):
            return ""
        section = field.annotation
    close = difflib.get_close_matches(str(location[-1]), section.model_fields, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(section.model_fields)}"
