"""Redirects of scripts on the engine's host: they never lead to a page of the engine."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from aiwebengine.script_routes.headers import UnusableAnswer
from aiwebengine.script_routes.paths import plain
from aiwebengine.scripts.routes import reserved_for

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# The only form of address that all programs read in the same way (URL standard section 4.4).
_ADDRESS = re.compile(
    r"(?:https?:)?//(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d*)?(?P<path>[/?#].*)?", re.I
)
_SHOWN = 100


def must_lead_elsewhere(location: str, url: str, engine_host: str | None) -> None:
    """Raise UnusableAnswer for a redirect from *url* to a path of the engine.

    Browsers and programs that follow it would act for the script: with their cookies, or with a
    method and body that the script chose. *engine_host* is the name that browsers use for the
    engine.
    """
    if "\t" in location:
        # Browsers leave it out, also within the scheme.
        raise UnusableAnswer("a redirect with a tab")
    scheme = _SCHEME.match(location)
    if scheme is not None and scheme[1].lower() not in ("http", "https"):
        return
    here = urlsplit(url)
    if scheme is not None or re.match(r"[/\\]{2}", location):
        address = _ADDRESS.fullmatch(location)
        if address is None:
            raise UnusableAnswer(
                f"a redirect to {location[:_SHOWN]!r}; write it as https://example.org/path, with"
                " the host in ASCII and without user name"
            )
        if _name(address["host"]) not in (_name(here.hostname or ""), engine_host):
            return
        path = re.split(r"[?#]", address["path"] or "/", maxsplit=1)[0]
    else:
        path = re.split(r"[?#]", location, maxsplit=1)[0]
        if not path.startswith(("/", "\\")):
            path = f"{here.path.rpartition('/')[0]}/{path}" if path else here.path
    if reserved_for(plain(path)) is not None:
        raise UnusableAnswer(f"a redirect to {path[:_SHOWN]!r}, which is the engine's")


def _name(host: str) -> str:
    return host.lower().strip("[]").removesuffix(".")
