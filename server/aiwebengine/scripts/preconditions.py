"""The state of a script that a request expects (RFC 9110 section 13.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiwebengine.core.errors import BadUserInput
from aiwebengine.scripts.errors import PreconditionFailed
from aiwebengine.scripts.types import Script

# Proxies that compress make a tag weak; the version that it names is the same.
_TAG = re.compile(r'(?:W/)?"([^"]*)"|(\d+)')


@dataclass(frozen=True)
class Precondition:
    """What `If-Match` and `If-None-Match` say."""

    versions: frozenset[int] | None = None
    """The newest version is one of these; None: any."""
    must_exist: bool = False
    must_be_new: bool = False

    def check(self, script: Script | None) -> None:
        """Raise PreconditionFailed unless the script, or None, is as expected."""
        if script is None:
            if self.must_exist or self.versions is not None:
                raise PreconditionFailed("There is no such script yet; send it without If-Match.")
        elif self.must_be_new:
            raise PreconditionFailed(
                f"There is already a script {script.slug}, with version {script.newest_version}.",
                version=script.newest_version,
            )
        elif self.versions is not None and script.newest_version not in self.versions:
            expected = ", ".join(str(number) for number in sorted(self.versions)) or "another one"
            raise PreconditionFailed(
                f"The newest version is {script.newest_version}; If-Match names {expected}."
                " Read it, merge your changes, then send it again.",
                version=script.newest_version,
            )


def precondition_of(if_match: str | None, if_none_match: str | None) -> Precondition:
    """What the headers say. A tag is the number of a version. Raises BadUserInput."""
    if if_none_match is not None and if_none_match.strip() != "*":
        raise BadUserInput(f"If-None-Match: found {if_none_match[:40]!r}; allowed: *.")
    must_be_new = if_none_match is not None
    if if_match is None:
        return Precondition(must_be_new=must_be_new)
    if if_match.strip() == "*":
        return Precondition(must_exist=True, must_be_new=must_be_new)
    tags = [_TAG.fullmatch(part.strip()) for part in if_match.split(",")]
    if None in tags:
        raise BadUserInput(
            f'If-Match: found {if_match[:40]!r}; allowed: * or a version such as "3".'
        )
    numbers = [tag[1] or tag[2] for tag in tags if tag is not None]
    # A tag that is no number is no version of ours: it matches nothing.
    known = frozenset(int(one) for one in numbers if one and one.isdecimal() and len(one) < 10)
    return Precondition(versions=known, must_be_new=must_be_new)


def tag_of(script: Script) -> str:
    """The `ETag` of a script: its newest version."""
    return f'"{script.newest_version}"'
