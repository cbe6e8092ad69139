"""What the entry file of a program gets before it is loaded, by dialect."""

from __future__ import annotations

MODULE = "module"
CLASSIC = "classic"

# The classic interface names handlers as text. Only code of the same file sees its functions. It
# follows the last line, so that all lines keep their numbers.
_LOOKUP = b"""
;export function __aiwebengine_lookup(name) { try { return eval(name); } catch { return; } }
"""


def prepared_entry(dialect: str, source: bytes) -> bytes:
    """The entry file as it must be in the program's folder."""
    return source + _LOOKUP if dialect == CLASSIC else source
