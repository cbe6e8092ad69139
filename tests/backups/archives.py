"""Archives that nobody's `backup create` wrote: changed, forged, signed or not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.conftest import configured

from aiwebengine.backups import archive
from aiwebengine.backups.signing import SigningKeys
from aiwebengine.backups.types import Manifest, Part


def keys_beside(path: Path) -> SigningKeys:
    """The keys of the test's engine, whose archives lie in `backups` of its data directory."""
    return SigningKeys(configured(path.parent.parent))


def rewritten(path, change=lambda manifest: manifest, to=None, is_signed=True, **contents):
    """The same archive with another manifest, other contents or another name, signed or not.

    *contents*: new parts, by their names with `_` for `.`; written with the product's own Writer.
    """
    manifest = archive.read_manifest(path)
    parts = {part.name: b"".join(archive.pieces(path, part.name)) for part in manifest.parts}
    parts |= {name.replace("_", "."): content for name, content in contents.items()}
    if to is None:
        path.unlink()
    writer = archive.Writer(to or path)
    for name, content in parts.items():
        writer.add(name, [content])
    told = change(replace(manifest, name=(to or path).name, parts=list[Part](writer.parts)))
    assert isinstance(told, Manifest)
    writer.seal(told, keys_beside(path).sign if is_signed else None)
    writer.name()
    writer.close()
