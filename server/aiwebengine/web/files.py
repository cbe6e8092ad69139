"""The manager's static files and pages."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from aiwebengine.core.rights import open_to_all
from aiwebengine.core.untrusted_text import on_one_line
from aiwebengine.web.compression import LEAST_BYTES, compressed_file, gets_smaller, preferred_coding

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
# Folders with the sources of tools and tests, which browsers do not need.
_NOT_SERVED = {"node_modules", "tests", "tools", "types"}
_INLINE_SCRIPT = re.compile(r"<script type=\"importmap\">(.*?)</script>", re.DOTALL)

_NOT_BUILT = (
    "<!doctype html><html lang=en><title>Not built yet</title><h1>The pages are not built yet</h1>"
    "<p>Run <code>npm ci &amp;&amp; npm run vendor</code> in the folder <code>frontend/</code>,"
    " or <code>make run</code>, and start the engine again.</p></html>"
)


class Frontend:
    """Serves the files in *folder* below a path with a hash of all their contents.

    *compress*: compress each file at its first request and cache the result.
    """

    def __init__(self, folder: Path, *, compress: bool = False) -> None:
        self._folder = folder
        self._compress = compress
        self._compressed: dict[tuple[Path, str], asyncio.Task[bytes]] = {}
        self._templates = Environment(
            loader=FileSystemLoader(folder / "pages"),
            autoescape=True,
            trim_blocks=True,
            # These pages also show names and addresses that other users chose.
            finalize=lambda value: on_one_line(value) if isinstance(value, str) else value,
        )

    @cached_property
    def prefix(self) -> str:
        """The path of the files. It changes when a file changes, so browsers may cache forever."""
        digest = hashlib.sha256()
        for name, path in sorted(self._files.items()):
            digest.update(name.encode() + b"\0" + path.read_bytes())
        return f"/assets/{digest.hexdigest()[:12]}"

    @cached_property
    def content_security_policy(self) -> str:
        """Allows this origin only, and one inline script: the import map, named by its hash."""
        hashes = "".join(f" 'sha256-{_sha256(script)}'" for script in self._inline_scripts)
        return (
            "default-src 'none'; base-uri 'none'; object-src 'none'; frame-ancestors 'none';"
            " form-action 'self'; connect-src 'self'; img-src 'self' data:;"
            " font-src 'self'; style-src 'self'; worker-src 'self'; manifest-src 'self';"
            f" script-src 'self'{hashes}; require-trusted-types-for 'script'"
        )

    def page(self, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """The rendered page; status 503 with instructions when the frontend is not built."""
        if not self._is_built:
            return HTMLResponse(_NOT_BUILT, 503, {"Cache-Control": "no-store"})
        template = self._templates.get_template(name)
        text = template.render(prefix=self.prefix, **values)
        return HTMLResponse(text, status, {"Cache-Control": "no-store"})

    def routes(self) -> list[Route]:
        """The route of the files."""

        @open_to_all
        async def asset(request: Request) -> Response:
            """A static file of the pages; its content never changes at this address.

            Args:
                build: a hash of the content of all files.
                path: the path of the file.

            Answers:
                200: the file, which browsers may cache forever.
                206: the part that the header `Range` requests.
                404: no such file in this version.
            """
            path = self._files.get(request.path_params["path"])
            if path is None or request.path_params["build"] != self.prefix.rpartition("/")[2]:
                raise HTTPException(404)
            kind = _MEDIA_TYPES[path.suffix]
            headers = {"Cache-Control": "public, max-age=31536000, immutable"}
            coding = self._coding(request, path, kind)
            if coding is None:
                return FileResponse(path, media_type=kind, headers=headers)
            headers |= {"Content-Encoding": coding, "Vary": "Accept-Encoding"}
            return Response(await self._smaller(path, coding), media_type=kind, headers=headers)

        return [Route("/assets/{build}/{path:path}", asset, methods=["GET"])]

    def _coding(self, request: Request, path: Path, kind: str) -> str | None:
        if not self._compress or not gets_smaller(kind) or "range" in request.headers:
            return None
        if path.stat().st_size < LEAST_BYTES:
            return None
        return preferred_coding(request.headers.get("accept-encoding"))

    async def _smaller(self, path: Path, coding: str) -> bytes:
        """The compressed file; concurrent requests wait for the same compression."""
        task = self._compressed.get((path, coding))
        if task is None:
            content = asyncio.to_thread(lambda: compressed_file(path.read_bytes(), coding))
            task = self._compressed[path, coding] = asyncio.create_task(content)
        return await asyncio.shield(task)

    @cached_property
    def _files(self) -> dict[str, Path]:
        """The served files by their path below the prefix; no other file is served."""
        found = {}
        for path in sorted(self._folder.rglob("*")):
            name = path.relative_to(self._folder)
            if path.suffix in _MEDIA_TYPES and path.is_file() and name.parts[0] not in _NOT_SERVED:
                found[name.as_posix()] = path
        return found

    @property
    def _is_built(self) -> bool:
        return (self._folder / "vendor").is_dir()

    @cached_property
    def _inline_scripts(self) -> list[str]:
        """The import map, exactly as it is sent to browsers."""
        if not self._is_built:
            return []
        text = self._templates.get_template("index.html").render(prefix=self.prefix)
        return _INLINE_SCRIPT.findall(text)


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
