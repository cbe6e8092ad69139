"""What the entry file of a program gets before it is loaded, by dialect."""

from __future__ import annotations

MODULE = "module"
CLASSIC = "classic"

# The classic interface names handlers as text. Only code of the same file sees its functions. It
# follows the last line, so that all lines keep their numbers.
_LOOKUP = b"""
;export function __aiwebengine_lookup(name) { try { return eval(name); } catch { return; } }
"""


# For trials: a snippet sees what the entry file sees.
_EVALUATE = b"""
;export function __aiwebengine_evaluate(__source, env, ctx, context) { return eval(__source); }
"""


def prepared_entry(dialect: str, source: bytes, *, for_trial: bool = False) -> bytes:
    """The entry file as it must be in the program's folder."""
    lookup = _LOOKUP if dialect == CLASSIC else b""
    return source + lookup + (_EVALUATE if for_trial else b"")
