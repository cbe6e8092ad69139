"""Files of a version as they come in and go out: JSON, and tar archives.

An archive is not extracted to disk. Its size is limited while it is decompressed, and each file's
size is checked before it is read.
"""

from __future__ import annotations

import base64
import binascii
import io
import tarfile
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiwebengine.core.errors import BadUserInput
from aiwebengine.scripts import files as rules

# All files, and up to four blocks of 512 bytes before each one.
LARGEST_ARCHIVE_BYTES = rules.LARGEST_VERSION_BYTES + rules.MOST_FILES * 4 * 512
MOST_MEMBERS = 3 * rules.MOST_FILES
_GZIP = b"\x1f\x8b"
# Window of 32 kB, with the header of gzip (zlib's manual, inflateInit2).
_GZIP_WINDOW = 31


def from_tar(archive: bytes) -> dict[str, bytes]:
    """The files of a tar archive by path; it may be compressed with gzip.

    Raises BadUserInput for links, devices, duplicate or forbidden paths, and for too much of
    anything.
    """
    archive = _decompressed(archive)
    found: dict[str, bytes] = {}
    total = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
            for number, member in enumerate(tar):
                if number >= MOST_MEMBERS:
                    raise BadUserInput(f"The archive has more than {MOST_MEMBERS:,} entries.")
                if member.isdir():
                    continue
                path = member.name.removeprefix("./")
                _must_be_plain_file(member, path)
                rules.must_be_path(path)
                rules.must_be_small(path, member.size)
                total += member.size
                if path in found:
                    raise BadUserInput(f"The archive has two files {path!r}.")
                if total > rules.LARGEST_VERSION_BYTES:
                    raise BadUserInput(
                        f"The files have more than {rules.LARGEST_VERSION_BYTES:,} bytes, which is"
                        " the most that a version may have."
                    )
                rules.must_be_few(len(found) + 1)
                opened = tar.extractfile(member)
                assert opened is not None  # noqa: S101 - it is a plain file
                found[path] = opened.read()
    except RecursionError:
        # tarfile reads each header that extends the next one in a call of its own.
        raise BadUserInput("The archive has too many extended headers in a row.") from None
    except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
        raise BadUserInput(f"The body is not a tar archive: {error}.") from None
    return found


def to_tar(files: Mapping[str, bytes], modified: datetime) -> bytes:
    """A tar archive of *files*. The same files and time give the same bytes."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(files):
            member = tarfile.TarInfo(path)
            member.size = len(files[path])
            member.mtime = int(modified.timestamp())
            tar.addfile(member, io.BytesIO(files[path]))
    return made.getvalue()


def from_json(files: object) -> dict[str, bytes]:
    """The files of a JSON object: `{"main.ts": "…", "logo.png": {"base64": "…"}}`.

    Raises BadUserInput.
    """
    if not isinstance(files, dict):
        raise BadUserInput('files: allowed is an object such as {"main.ts": "…"}.')
    rules.must_be_few(len(files))
    return {path: _content(path, value) for path, value in files.items()}


def to_json(files: Mapping[str, bytes]) -> dict[str, Any]:
    """What `from_json` reads: text where the content is text in UTF-8."""
    return {path: _as_text(content) for path, content in files.items()}


def _decompressed(archive: bytes) -> bytes:
    if not archive.startswith(_GZIP):
        return archive
    decompress = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = decompress.decompress(archive, LARGEST_ARCHIVE_BYTES + 1)
    except zlib.error as error:
        raise BadUserInput(f"The archive can't be decompressed: {error}.") from None
    if len(plain) > LARGEST_ARCHIVE_BYTES:
        raise BadUserInput(
            f"The archive has more than {LARGEST_ARCHIVE_BYTES:,} bytes when it is decompressed."
        )
    if not decompress.eof:
        raise BadUserInput("The archive is incomplete.")
    return plain


def _must_be_plain_file(member: tarfile.TarInfo, path: str) -> None:
    # The size of a sparse file is not that of what the archive holds.
    if not member.isreg() or member.issparse() or member.size < 0:
        raise BadUserInput(
            f"The archive's entry {path[:200]!r} is not a plain file; links, devices, sparse files"
            " and negative sizes are not allowed."
        )


def _content(path: str, value: object) -> bytes:
    if isinstance(value, str):
        return _encoded(path, value)
    if isinstance(value, dict) and list(value) == ["base64"] and isinstance(value["base64"], str):
        try:
            return base64.b64decode(value["base64"], validate=True)
        except (binascii.Error, ValueError):
            raise BadUserInput(f"files: {path[:200]!r} is not valid base64.") from None
    raise BadUserInput(
        f'files: {path[:200]!r} is neither text nor {{"base64": "…"}}.',
    )


def _encoded(path: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise BadUserInput(f"files: {path[:200]!r} contains half a surrogate pair.") from None


def _as_text(content: bytes) -> str | dict[str, str]:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
