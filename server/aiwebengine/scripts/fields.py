"""Fields of scripts, versions and files that are read from other tables, for many at once."""

import base64 as encoding
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import strawberry

from aiwebengine.graphql.connection import Connection, connect, page_size
from aiwebengine.graphql.context import Info
from aiwebengine.scripts.activation_types import ScriptActivation
from aiwebengine.scripts.activity_types import ScriptActivity
from aiwebengine.scripts.limit_types import ScriptLimitRanges, ScriptLimits
from aiwebengine.scripts.log_types import LogCriteria, ScriptLogFilter, ScriptLogLine
from aiwebengine.scripts.paging import ACTIVATIONS, LOG, VERSIONS, number_of
from aiwebengine.scripts.rights import Act, may

if TYPE_CHECKING:
    from aiwebengine.script_drafts.types import ScriptDraft
    from aiwebengine.script_secrets.types import ScriptSecret
    from aiwebengine.scripts.types import (
        Diagnostic,
        Script,
        ScriptFile,
        ScriptOwner,
        ScriptRoute,
        ScriptVersion,
    )

LARGEST_SHOWN_BYTES = 1_000_000

_Owner = Annotated["ScriptOwner", strawberry.lazy("aiwebengine.scripts.types")]
_Route = Annotated["ScriptRoute", strawberry.lazy("aiwebengine.scripts.types")]
_Version = Annotated["ScriptVersion", strawberry.lazy("aiwebengine.scripts.types")]
_File = Annotated["ScriptFile", strawberry.lazy("aiwebengine.scripts.types")]
_Diagnostic = Annotated["Diagnostic", strawberry.lazy("aiwebengine.scripts.types")]

_Secret = Annotated["ScriptSecret", strawberry.lazy("aiwebengine.script_secrets.types")]
_Draft = Annotated["ScriptDraft", strawberry.lazy("aiwebengine.script_drafts.types")]


async def owners(root: "Script", info: Info) -> list[_Owner]:
    """Its owners, oldest first."""
    return await info.context.loaders.scripts.owners.load(root.key)


async def routes(root: "Script", info: Info) -> list[_Route]:
    """The routes that it has now, by path."""
    return await info.context.loaders.scripts.routes.load(root.key)


async def activity(root: "Script", info: Info) -> ScriptActivity:
    """How often it was called in the last 24 hours, and how often that failed."""
    found = await info.context.loaders.scripts.activity.load(root.key)
    return replace(found, slug=root.slug)


async def limits(root: "Script", info: Info) -> ScriptLimits:
    """The limits that apply to it."""
    return ScriptLimits.of(info.context.services.scripts.limits_of(root))


async def limit_ranges(root: "Script", info: Info) -> ScriptLimitRanges:
    """The limits that it may have."""
    return ScriptLimitRanges.of(info.context.services.scripts.limit_ranges())


async def versions(
    root: "Script", info: Info, first: int = 20, after: str | None = None
) -> Connection[_Version]:
    """Its versions, newest first.

    Args:
        first: maximum number of items, 1 to 200.
        after: the `endCursor` of the previous page.
    """
    first, bound, cursors = page_size(first), str(root.key), info.context.cursors
    before = number_of(cursors.decode(VERSIONS, bound, after))
    found = await info.context.loaders.scripts.pages_of_versions.load((root.key, before, first + 1))

    async def count() -> int:
        # Versions are numbered without gaps and never removed.
        return root.newest_version

    return connect(
        found,
        first,
        after=after,
        cursor=lambda version: cursors.encode(VERSIONS, bound, (version.number,)),
        count=count,
    )


async def activations(
    root: "Script", info: Info, first: int = 20, after: str | None = None
) -> Connection[ScriptActivation]:
    """Its deployments, newest first; at most the last 1,000 are kept.

    Args:
        first: maximum number of items, 1 to 200.
        after: the `endCursor` of the previous page.
    """
    first, bound, cursors = page_size(first), str(root.key), info.context.cursors
    loaders = info.context.loaders.scripts
    before = number_of(cursors.decode(ACTIVATIONS, bound, after))
    return connect(
        await loaders.pages_of_activations.load((root.key, before, first + 1)),
        first,
        after=after,
        cursor=lambda activation: cursors.encode(ACTIVATIONS, bound, (activation.number,)),
        count=lambda: loaders.counts_of_activations.load(root.key),
    )


async def newest(root: "Script", info: Info) -> _Version | None:
    """The newest version; null until one is saved."""
    return await _version(root, root.newest_version, info)


async def active(root: "Script", info: Info) -> _Version | None:
    """The version that is served; null when none is."""
    return await _version(root, root.active_version, info)


async def files(root: "Script", info: Info) -> list[_File]:
    """The files of the newest version, by path."""
    if not root.newest_version:
        return []
    return await info.context.loaders.scripts.files.load((root.key, root.newest_version))


async def diagnostics(root: "Script", info: Info) -> list[_Diagnostic]:
    """Problems of the newest version, found when it was loaded last."""
    found = await _version(root, root.newest_version, info)
    return [] if found is None else found.diagnostics


async def log(
    root: "Script",
    info: Info,
    first: int = 50,
    after: str | None = None,
    filter: ScriptLogFilter | None = None,
) -> Connection[ScriptLogLine] | None:
    """Its log, newest line first; null for callers who are neither owner nor administrator.

    Args:
        first: maximum number of items, 1 to 200.
        after: the `endCursor` of the previous page.
        filter: filter for the lines.
    """
    if not may(info.context.viewer, Act.READ_LOG, root):
        return None
    first, cursors, loaders = page_size(first), info.context.cursors, info.context.loaders.scripts
    wanted = LogCriteria.of(filter)
    bound = f"{root.key} {wanted}"
    before = number_of(cursors.decode(LOG, bound, after))
    return connect(
        await loaders.pages_of_log.load(((root.key, before, first + 1), wanted)),
        first,
        after=after,
        cursor=lambda line: cursors.encode(LOG, bound, (line.number,)),
        count=lambda: loaders.counts_of_log.load((root.key, wanted)),
    )


async def secrets(root: "Script", info: Info) -> list[_Secret] | None:
    """Its secrets by name, without their values; null for callers who are neither owner nor
    administrator.
    """
    if not may(info.context.viewer, Act.LIST_SECRETS, root):
        return None
    return await info.context.loaders.scripts.secrets.load(root.key)


async def fetch_hosts(root: "Script", info: Info) -> list[str] | None:
    """Hosts that it may send requests to; null for every public host."""
    return await info.context.loaders.scripts.fetch_hosts.load(root.key)


async def draft(root: "Script", info: Info) -> _Draft | None:
    """What the caller has changed in its files and not saved yet; null if nothing."""
    user_id = info.context.viewer.id
    if user_id is None:
        return None
    found: ScriptDraft | None = await info.context.loaders.scripts.drafts.load((root.key, user_id))
    return found


async def files_of_version(root: "ScriptVersion", info: Info) -> list[_File]:
    """Its files, by path."""
    return await info.context.loaders.scripts.files.load((root.script_key, root.number))


async def text(root: "ScriptFile", info: Info) -> str | None:
    """Its content; null if it is not text in UTF-8, or has more than 1 MB, or the contents in this
    answer have more than 10 MB.
    """
    content = await _content(root, info)
    return None if content is None else as_text(content)


async def base64(root: "ScriptFile", info: Info) -> str | None:
    """Its content in base64 if it is not text; null if `text` has it, or if it is too large."""
    content = await _content(root, info)
    if content is None or as_text(content) is not None:
        return None
    return encoding.b64encode(content).decode()


async def _content(root: "ScriptFile", info: Info) -> bytes | None:
    if root.size > LARGEST_SHOWN_BYTES:
        return None
    return await info.context.loaders.scripts.contents.load((root.digest, root.size))


async def _version(root: "Script", number: int | None, info: Info) -> "ScriptVersion | None":
    if not number:
        return None
    return await info.context.loaders.scripts.versions.load((root.key, number))


def as_text(content: bytes) -> str | None:
    """The content as text; None if it is not UTF-8 or has zero bytes."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
