"""Results of checking types and of formatting."""

import strawberry

from aiwebengine.scripts.types import Diagnostic


@strawberry.type
class ScriptTypeCheck:
    """The type errors of a script. They never prevent saving or deploying.

    Attributes:
        diagnostics: the errors, in the order of the checker; at most 200.
        problem: why errors may be missing, such as a time limit; null if all were looked for.
        milliseconds: duration, without the wait for the checks of others.
    """

    diagnostics: list[Diagnostic]
    problem: str | None
    milliseconds: float


@strawberry.type
class FormattedFile:
    """A file after formatting.

    Attributes:
        text: the formatted text; null if it could not be formatted.
        diagnostic: why it could not be formatted; null if it was.
    """

    text: str | None
    diagnostic: Diagnostic | None
