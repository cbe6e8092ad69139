"""What scripts ask about their files."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from aiwebengine.core.errors import BadUserInput
from aiwebengine.runtimes.questions import Reply
from aiwebengine.script_assets.service import ScriptAssets
from aiwebengine.script_assets.types import (
    AssetFile,
    Change,
    Changed,
    Delete,
    Edit,
    Put,
    Replacement,
)
from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.operations import Operations


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class Edited(_Model):
    """A text to replace."""

    find: str
    replace: str
    all: bool = False

    def replacement(self) -> Replacement:
        """The same for the service."""
        return Replacement(self.find, self.replace, self.all)


class PutChange(_Model):
    """A file to store, whose content is the next *size* bytes."""

    op: Literal["put"]
    path: str
    type: str | None = None
    base: str | None = None
    size: int = Field(ge=0)


class EditChange(_Model):
    """A file to edit."""

    op: Literal["edit"]
    path: str
    edits: list[Edited]
    base: str | None = None


class DeleteChange(_Model):
    """A file to remove."""

    op: Literal["delete"]
    path: str
    base: str | None = None


AnyChange = Annotated[PutChange | EditChange | DeleteChange, Field(discriminator="op")]


class FileOperations:
    """The operations `files.…`. A file of the script's version counts where none is stored."""

    def __init__(self, assets: ScriptAssets) -> None:
        self._assets = assets

    def add_to(self, operations: Operations) -> None:
        """Add all of them."""
        operations.add("files.list", self.page)
        operations.add("files.get", self.read)
        operations.add("files.put", self.put)
        operations.add("files.edit", self.edit)
        operations.add("files.delete", self.delete)
        operations.add("files.batch", self.batch)

    async def page(
        self, invocation: Invocation, prefix: str, cursor: str | None, limit: int
    ) -> dict[str, Any]:
        """A page of files."""
        script = invocation.script
        async with invocation.reads():
            page = await self._assets.page(
                script.id, script.version, prefix, after=cursor, limit=limit
            )
        return {"files": [_facts(one) for one in page.files], "cursor": page.cursor}

    async def read(self, invocation: Invocation, path: str) -> Reply:
        """A file, with its content as bytes; null without one."""
        script = invocation.script
        async with invocation.reads():
            file = await self._assets.find(script.id, script.version, path)
            if file is None:
                return Reply(None)
            return Reply(_facts(file), await self._assets.content(file))

    async def put(
        self, invocation: Invocation, path: str, type: str | None, base: str | None, body: bytes
    ) -> dict[str, Any]:
        """Store a file, whose content is *body*."""
        [done] = await self._change(invocation, [Put(path, body, type, base)])
        return _done(done)

    async def edit(
        self, invocation: Invocation, path: str, edits: list[Edited], base: str | None
    ) -> dict[str, Any]:
        """Replace texts in a file."""
        replacements = tuple(one.replacement() for one in edits)
        [done] = await self._change(invocation, [Edit(path, replacements, base)])
        return _done(done)

    async def delete(self, invocation: Invocation, path: str, base: str | None) -> bool:
        """Remove a stored file; whether there was one."""
        [done] = await self._change(invocation, [Delete(path, base)])
        return done.changed

    async def batch(
        self, invocation: Invocation, changes: list[AnyChange], body: bytes
    ) -> list[dict[str, Any]]:
        """Make all changes or none. The contents are in *body*, one after the other."""
        wanted: list[Change] = []
        start = 0
        for change in changes:
            if isinstance(change, PutChange):
                content = body[start : start + change.size]
                if len(content) < change.size:
                    raise BadUserInput("changes: a content is shorter than its size.")
                start += change.size
                wanted.append(Put(change.path, content, change.type, change.base))
            elif isinstance(change, EditChange):
                edits = tuple(one.replacement() for one in change.edits)
                wanted.append(Edit(change.path, edits, change.base))
            else:
                wanted.append(Delete(change.path, change.base))
        return [_done(one) for one in await self._change(invocation, wanted)]

    async def _change(self, invocation: Invocation, changes: list[Change]) -> list[Changed]:
        script = invocation.script
        async with invocation.writes():
            return await self._assets.change(
                script.id, script.version, changes, is_trial=invocation.is_trial
            )


def _facts(file: AssetFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "size": file.size,
        "hash": file.digest,
        "type": file.content_type,
        "createdAt": file.created_at,
        "updatedAt": file.updated_at,
        "stored": file.is_stored,
    }


def _done(done: Changed) -> dict[str, Any]:
    return {"path": done.path, "hash": done.digest, "size": done.size, "changed": done.changed}
