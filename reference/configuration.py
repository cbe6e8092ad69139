"""Every key of the configuration."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from inspect import getdoc
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import AfterValidator, BaseModel, BeforeValidator, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from aiwebengine.core import config, config_providers, config_server
from aiwebengine.core.config import Config
from reference.markdown import code, page, table

INTRODUCTION = """
The file is `config.toml` where the engine is started, or the one that `--config` or
`APP_CONFIG_FILE` names. Each key can also be set by its environment variable, which wins over the
file: lists and tables as JSON. The variable's name with `_FILE` at its end names a file that
holds the value, as secrets of containers do. `${NAME}` inside the file stands for the environment
variable NAME, `${NAME:-otherwise}` for it or for something else.

Unknown keys and invalid values prevent the start; all of them are reported at once.
`aiwebengine check-config` checks without starting, and prints the effective configuration.
""".strip()

_TYPES = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "`true` or `false`",
    Path: "path",
    SecretStr: "secret text",
    timedelta: "duration",
    IPv4Network: "network",
    IPv6Network: "network",
}
_EXAMPLES = {IPv4Network: ["such as `10.0.0.0/8`"], IPv6Network: ["such as `fd00::/8`"]}
_CHECKED = {
    config._duration: "a number of seconds, or such as `30m`, `12h`, `7d`",
    config_providers._issuer: "an address that begins with `https://` (`http://` on this machine"
    " only)",
    config_providers._tenant: "such as `contoso.onmicrosoft.com`, or a tenant id",
    config_providers._private_key: "an EC private key on the curve P-256",
    config_server._http_address: "an address without path, such as `https://engine.example.com`",
    config_server._host_and_port: "a host name such as `apps.example.org`, with another port than"
    " usual as `apps.example.org:8443`",
    config._contact: "an address that begins with `mailto:`, `https://` or `tel:`",
    config.checked: "a cron expression such as `0 2 * * *`, or `off`",
    config.checked_zone: "a name such as `Europe/Vienna`",
    config.addresses.normal: "a mail address",
    config.addresses.domain: "a domain such as `example.com`",
}
_PATTERNS = {
    r"^[^@\s<>,]+@[^@\s<>,]+$": "a mail address",
    r"^[a-z0-9][a-z0-9-]{0,39}$": "a name of a-z, 0-9 and dashes",
    r"^\S+$": "a text without blanks",
}


@dataclass(frozen=True)
class Key:
    """One key: its path in the file, and what there is to say of it."""

    path: str
    kind: str
    default: str
    meaning: str
    allowed: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "APP_" + "__".join(self.path.split(".")).upper()


def sections(
    model: type[BaseModel] = Config, path: str = ""
) -> Iterator[tuple[str, str, list[Key]]]:
    """Each section in the file's order: its path, its meaning, its keys."""
    keys, inner = [], []
    for name, field in model.model_fields.items():
        below = _section_of(field.annotation)
        if below is None:
            keys.append(_key(f"{path}{name}", field))
            continue
        is_many = get_origin(field.annotation) is dict
        inner.append((below, f"{path}{name}.NAME." if is_many else f"{path}{name}."))
    if path:
        yield path.rstrip("."), getdoc(model) or "", keys
    for below, place in inner:
        yield from sections(below, place)


def text() -> str:
    """The page."""
    parts = []
    for path, meaning, keys in sections():
        rows = [
            (
                f"`{key.path.rpartition('.')[2]}`<br>`{key.variable}`",
                key.kind,
                key.default,
                key.meaning,
                key.allowed,
            )
            for key in keys
        ]
        columns = ("key and variable", "type", "default", "meaning", "allowed")
        parts += [f"## [{path}]", meaning, table(columns, rows)]
    return page("Configuration keys", INTRODUCTION, *parts)


def _section_of(annotation: Any) -> type[BaseModel] | None:
    """The section that a field holds, by itself, optionally, or by name."""
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def _key(path: str, field: FieldInfo) -> Key:
    kinds, allowed = _kind_and_limits(field.annotation, list(field.metadata))
    is_required = field.is_required()
    return Key(
        path,
        kinds,
        "required" if is_required else _default(field.get_default(call_default_factory=True)),
        field.description or "",
        "; ".join(dict.fromkeys(allowed)),
    )


def _kind_and_limits(annotation: Any, limits: list[Any]) -> tuple[str, list[str]]:
    """The type in words, and what is allowed."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind_and_limits(arguments[0], [*arguments[1:], *limits])
    if origin in (Union, types.UnionType):
        pairs = [_kind_and_limits(one, []) for one in arguments if one is not type(None)]
        kinds = " or ".join(dict.fromkeys(kind for kind, _ in pairs))
        return kinds, [*(word for _, words in pairs for word in words), *_limits(limits)]
    if origin is Literal:
        return "text", [" or ".join(code(str(one)) for one in arguments)]
    if origin is list:
        kind, allowed = _kind_and_limits(arguments[0], [])
        return f"list of {kind}", [f"each {one}" for one in allowed]
    if origin is dict:
        kind, allowed = _kind_and_limits(arguments[1], [])
        return f"table of {kind}", [f"each {one}" for one in allowed]
    return _TYPES[annotation], [*_EXAMPLES.get(annotation, []), *_limits(limits)]


def _limits(limits: list[Any]) -> list[str]:
    """Bounds and checks in words. Raises KeyError for a check that has none."""
    least = most = ""
    words = []
    for limit in limits:
        match limit:
            case BeforeValidator() | AfterValidator():
                words.append(_CHECKED[limit.func])
            case annotated_types.Ge():
                least = f"{limit.ge} or more"
            case annotated_types.Gt():
                is_duration = isinstance(limit.gt, timedelta)
                least = f"more than {limit.gt // timedelta(seconds=1) if is_duration else limit.gt}"
            case annotated_types.Le():
                most = f"at most {limit.le}"
            case annotated_types.MinLen():
                words.append("not empty" if limit.min_length == 1 else "")
                words[-1] = words[-1] or f"at least {limit.min_length} characters"
            case _ if isinstance(limit, FieldInfo):
                words += _limits(list(limit.metadata))
            case _ if getattr(limit, "pattern", None):
                words.append(_PATTERNS[limit.pattern])
            case _:
                raise KeyError(f"no words for {limit!r}")
    bounds = ", ".join(filter(None, (least, most)))
    return [*words, *([bounds] if bounds else [])]


def _default(value: Any) -> str:
    """A default as it is written in the file."""
    match value:
        case None:
            return "left out"
        case timedelta():
            return code(json.dumps(_duration(value)))
        case SecretStr():
            return code(json.dumps(value.get_secret_value()))
        case Path():
            return code(json.dumps(value.as_posix()))
    assert value is not PydanticUndefined  # noqa: S101 - required keys have no default
    return code(json.dumps(value))


def _duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
