"""Answers requests for files of scripts, without the script's process."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from starlette.responses import Response, StreamingResponse
from starlette.types import Scope

from aiwebengine.core.caching import ENTRY_BYTES, LruCache
from aiwebengine.core.errors import NotFound
from aiwebengine.script_assets.conditions import NotSatisfiable, is_known, range_of
from aiwebengine.script_assets.service import ScriptAssets
from aiwebengine.script_assets.types import AssetFile
from aiwebengine.web.headers import header

CACHE_BYTES = 16_000_000
"""Bytes of contents that a worker keeps in memory."""
LARGEST_CACHED_BYTES = 1_000_000
"""Bytes of a file that is kept. Larger ones are read in parts for each request."""
SHORTEST_HASH = 8
"""Digits of a hash that make an address one of this content only."""
ALL_BELOW = "/*"
"""The end of an asset that is a folder."""

# Caches may store both, because they don't depend on the visitor.
_REVALIDATED = "public, no-cache"
_FOREVER = "public, max-age=31536000, immutable"


class AssetResponses:
    """Responses for the asset routes of scripts."""

    def __init__(self, assets: ScriptAssets) -> None:
        self._assets = assets
        # A content never changes, so nothing has to be removed.
        self._cache: LruCache[str, bytes] = LruCache(CACHE_BYTES)

    async def response(
        self, script_id: UUID, version: int, asset: str, params: Mapping[str, str], scope: Scope
    ) -> Response:
        """The response to a GET or HEAD request for *asset*: a path, or a folder as `static/*`.

        *params* are the parameters of the route. Raises NotFound, Unavailable.
        """
        path = path_of(asset, params)
        file = None if path is None else await self._assets.find(script_id, version, path)
        if file is None:
            raise NotFound("The script has no such file.")
        headers = {
            "ETag": f'"{file.digest}"',
            "Accept-Ranges": "bytes",
            "Cache-Control": _FOREVER if _names_content(scope, file.digest) else _REVALIDATED,
        }
        if is_known(header(scope, b"if-none-match"), file.digest):
            return Response(status_code=304, headers=headers)
        headers["Content-Type"] = file.content_type
        if scope["method"] == "HEAD":
            return Response(headers={**headers, "Content-Length": str(file.size)})
        try:
            wanted = range_of(
                header(scope, b"range"), header(scope, b"if-range"), file.digest, file.size
            )
        except NotSatisfiable:
            del headers["Content-Type"], headers["Cache-Control"]
            headers["Content-Range"] = f"bytes */{file.size}"
            return Response(status_code=416, headers=headers)
        if wanted is None:
            return await self._body(file, 0, file.size, 200, headers)
        headers["Content-Range"] = f"bytes {wanted.start}-{wanted.end - 1}/{file.size}"
        return await self._body(file, wanted.start, wanted.end, 206, headers)

    async def _body(
        self, file: AssetFile, start: int, end: int, status: int, headers: dict[str, str]
    ) -> Response:
        """The response with these bytes of the file."""
        if file.size <= LARGEST_CACHED_BYTES:
            content = self._cache.get(file.digest)
            if content is None:
                content = await self._assets.content(file)
                self._cache.put(file.digest, content, len(content) + ENTRY_BYTES)
            return Response(content[start:end], status, headers)
        headers["Content-Length"] = str(end - start)
        return StreamingResponse(self._assets.parts(file, start, end), status, headers)


def path_of(asset: str, params: Mapping[str, str]) -> str | None:
    """The path of the file for a route; None if it names none."""
    if not asset.endswith(ALL_BELOW):
        return asset.removeprefix("/")
    # The rest is the last parameter of a path.
    rest = [*params.values(), ""][max(len(params) - 1, 0)]
    return f"{asset.removeprefix('/')[:-1]}{rest}" if rest else None


def _names_content(scope: Scope, digest: str) -> bool:
    """Whether the address has the beginning of the file's hash, as `?v=0a1b2c3d`."""
    if not scope["query_string"].startswith(b"v="):
        return False
    value = scope["query_string"][2:].decode("latin-1")
    return len(value) >= SHORTEST_HASH and digest.startswith(value)
