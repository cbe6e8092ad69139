"""GraphQL operations that read the files of scripts."""

from datetime import datetime

import strawberry

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.rights import needs
from aiwebengine.graphql.connection import Connection, connect, page_size
from aiwebengine.graphql.context import Info
from aiwebengine.script_assets.types import AssetFile
from aiwebengine.scripts.rights import EDITORS

LIST = "scriptAssets"


@strawberry.type
class ScriptAsset:
    """A file that a script serves: stored by the script or its owners, or of its version.

    Attributes:
        path: path of the file.
        size: bytes.
        hash: SHA-256 of its content, which a change of the file may name.
        type: content type.
        is_stored: whether it is stored; else it is of the active version.
        updated_at: when it was stored or saved last.
    """

    path: str
    size: int
    hash: str
    type: str
    is_stored: bool
    updated_at: datetime

    @classmethod
    def of(cls, file: AssetFile) -> "ScriptAsset":
        """The same for GraphQL."""
        return cls(
            path=file.path,
            size=file.size,
            hash=file.digest,
            type=file.content_type,
            is_stored=file.is_stored,
            updated_at=file.updated_at,
        )


@strawberry.field
@needs(EDITORS)
async def script_assets(
    info: Info,
    slug: str,
    prefix: str = "",
    only_stored: bool = False,
    first: int = 50,
    after: str | None = None,
) -> Connection[ScriptAsset]:
    """Files that a script serves, by path. For its owners and administrators.

    Args:
        slug: the script.
        prefix: the beginning of the paths.
        only_stored: only stored files, not those of the active version.
        first: maximum number of items, 1 to 200.
        after: the `endCursor` of the previous page.
    """
    files, cursors, viewer = (
        info.context.services.script_files,
        info.context.cursors,
        info.context.viewer,
    )
    first, bound = page_size(first), f"{slug} {only_stored} {prefix}"
    path = _path_of(cursors.decode(LIST, bound, after))
    # One more than asked for, if another page follows.
    page = await files.page(
        viewer, slug, prefix, after=path, limit=first + 1, only_stored=only_stored
    )

    async def count() -> int:
        return await files.count(viewer, slug, prefix, only_stored=only_stored)

    return connect(
        [ScriptAsset.of(file) for file in page.files],
        first,
        after=after,
        cursor=lambda file: cursors.encode(LIST, bound, (file.path,)),
        count=count,
    )


def _path_of(decoded: tuple[object, ...] | None) -> str | None:
    match decoded:
        case None:
            return None
        case (str() as path,):
            return path
    raise BadUserInput("`after` is not a cursor of this list.")


queries = [script_assets]
