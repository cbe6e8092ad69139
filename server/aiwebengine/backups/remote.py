"""S3-compatible storage. Imported only if configured, because the client takes 4 MB."""

from __future__ import annotations

import fcntl
import html
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from aiwebengine.backups.archive import PIECE, finish_or_remove, read_manifest, unfinished_path
from aiwebengine.backups.files import open_new, open_regular
from aiwebengine.backups.names import is_name, looks_like_one
from aiwebengine.backups.storage import Directory, Ignored, StorageFailed, failures_told
from aiwebengine.backups.types import Progress
from aiwebengine.core.config import S3
from aiwebengine.core.disk import sync
from aiwebengine.core.errors import NotFound
from aiwebengine.core.untrusted_text import on_one_line

# Multipart uploads need parts of 5 MiB at least; 10,000 of these make 160 GB.
_PART = 16 << 20
# A user waits for the list, but not for a transfer.
_LIST_TIMEOUT = timedelta(seconds=5)
_TRANSFER_TIMEOUT = timedelta(minutes=5)
_DELETE_TIMEOUT_SECS = 30.0
_MAX_OBJECTS = 50_000
# S3 error documents have a few hundred characters; the rest of a response is not read.
_MAX_RESPONSE = 20_000
_MAX_REASON = 300
# What precedes the dump of the cause in a message of obstore.
_SOURCE = "\n\nDebug source:\n"
_WITHOUT_CAUSE = {
    "Connect": "the connection failed",
    "Request": "the connection was closed",
    "Timeout": "the request timed out",
    "Interrupted": "the connection was closed",
}


class Remote:
    """The S3-compatible storage."""

    def __init__(self, config: S3) -> None:
        self._prefix = config.prefix
        self.place = f"{config.bucket}/{config.prefix}"
        self.ignored = Ignored(self.place)
        self._bucket = config.bucket
        self._store = _store(config, _TRANSFER_TIMEOUT, retries=3)
        self._listed = _store(config, _LIST_TIMEOUT, retries=0)

    def sizes(self) -> dict[str, int]:
        """Name and size of each archive. Raises NotFound for the bucket, StorageFailed."""
        with self._storage_errors():
            found: dict[str, int] = {}
            ignored, seen = [], 0
            for batch in obstore.list(self._listed, self._prefix):
                seen += len(batch)
                if seen > _MAX_OBJECTS:
                    raise StorageFailed(
                        f"{self.place} has more than {_MAX_OBJECTS} objects. Use a separate"
                        " backup.s3.prefix for backups."
                    )
                for one in batch:
                    name = one["path"].rsplit("/", 1)[-1]
                    # A download would not find an archive in a subfolder.
                    if is_name(name) and one["path"] == self._path(name):
                        found[name] = one["size"]
                    elif looks_like_one(name):
                        ignored.append(one["path"])
            self.ignored.note(ignored)
            return found

    def upload(self, path: Path, progress: Progress) -> None:
        """Upload an archive in parts; it appears only when complete. Raises StorageFailed."""
        with self._storage_errors(path.name), open_regular(path) as file:
            size, sent = os.fstat(file.fileno()).st_size, 0
            writer = obstore.open_writer(
                self._store, self._key(path.name), buffer_size=_PART, max_concurrency=4
            )
            while piece := file.read(PIECE):
                progress.check()
                writer.write(piece)
                sent += len(piece)
                progress.done = sent / max(1, size)
            writer.close()
            stored = obstore.head(self._store, self._key(path.name))["size"]
        if stored != size:
            raise StorageFailed(
                f"{self.place}: the upload is incomplete ({stored} of {size} bytes). Try again."
            )

    def download(self, name: str, to: Directory, progress: Progress) -> Path:
        """Download an archive and compare its sizes with its manifest.

        Raises NotFound, StorageFailed, Damaged.
        """
        path = to.new_path(name)
        unfinished = unfinished_path(path)
        with failures_told():
            finish_or_remove(unfinished, is_known=False)
        with self._storage_errors(name):
            found = obstore.get(self._store, self._key(name))
            size, got = found.meta["size"], 0
            to.must_have_room(size)
            with failures_told(), open_new(unfinished) as file:
                try:
                    # The lock marks the file as in use.
                    fcntl.flock(file, fcntl.LOCK_EX)
                    for piece in found.stream(min_chunk_size=PIECE):
                        progress.check()
                        file.write(piece)
                        got += len(piece)
                        progress.done = got / max(1, size)
                    file.flush()
                    os.fsync(file.fileno())
                    read_manifest(unfinished)
                    unfinished.rename(path)
                    sync(path.parent)
                finally:
                    unfinished.unlink(missing_ok=True)
        return path

    def remove(self, name: str) -> None:
        """Delete the copy, if it exists. Raises NotFound, StorageFailed.

        Uses a plain `DELETE`, which every storage supports: the bulk deletion of obstore sends a
        checksum header that Google Cloud Storage and Backblaze B2 reject.
        """
        with self._storage_errors(name):
            address = obstore.sign(self._store, "DELETE", self._key(name), timedelta(minutes=5))
            with httpx2.stream("DELETE", address, timeout=_DELETE_TIMEOUT_SECS) as answer:
                text = "" if answer.is_success else next(answer.iter_text(_MAX_RESPONSE), "")
                if not answer.is_success and _element("Code", text) != "NoSuchKey":
                    raise _ErrorResponse(f"status code: {answer.status_code}: {text}")

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name}"

    def _path(self, name: str) -> str:
        """The key as a listing spells it, without empty segments."""
        return "/".join(filter(None, self._key(name).split("/")))

    @contextmanager
    def _storage_errors(self, name: str | None = None) -> Iterator[None]:
        """Convert errors of the storage or network into StorageFailed or NotFound."""
        try:
            yield
        except StorageFailed:
            raise
        except (BaseError, httpx2.HTTPError, _ErrorResponse, OSError) as error:
            answer = str(error)[:_MAX_RESPONSE]
            code = _element("Code", answer)
            if code == "NoSuchBucket":
                raise NotFound(
                    f"There is no bucket {self._bucket!r} in the S3 storage. Create it, or change"
                    " backup.s3.bucket."
                ) from None
            if code == "NoSuchKey" or (code is None and isinstance(error, FileNotFoundError)):
                raise NotFound(f"There is no backup {name} in {self.place}.") from None
            problem = _network_problem(error, self._with_cause(answer))
            if problem is None:
                problem = f"returned an error: {_reason(answer)}"
            raise StorageFailed(f"The S3 storage ({self.place}) {problem}.") from None

    def _with_cause(self, answer: str) -> str:
        """The message of a failed request with its cause, which a writer of obstore leaves out."""
        if "error sending request" not in answer or _SOURCE in answer:
            return answer
        try:
            obstore.head(self._listed, self._prefix)
        except BaseError as error:
            again = str(error)[:_MAX_RESPONSE]
            return again if "error sending request" in again else answer
        return answer


class _ErrorResponse(Exception):
    """An error response; its text is the status and body."""


def _store(config: S3, timeout: timedelta, *, retries: int) -> S3Store:
    """A client with a timeout per request."""
    secret = config.secret_access_key
    options: dict[str, object] = {
        "region": config.region or "us-east-1",
        "endpoint": config.endpoint,
        "access_key_id": config.access_key_id,
        "secret_access_key": secret.get_secret_value() if secret else None,
    }
    return S3Store(
        config.bucket,
        # Missing options fall back to the AWS defaults.
        **{name: value for name, value in options.items() if value},  # type: ignore[arg-type]
        virtual_hosted_style_request=config.endpoint is None,
        client_options={
            "allow_http": (config.endpoint or "").startswith("http://"),
            "connect_timeout": min(timeout, timedelta(seconds=10)),
            "timeout": timeout,
        },
        retry_config={"max_retries": retries, "retry_timeout": timedelta(minutes=1)},
    )


def _network_problem(error: Exception, answer: str) -> str | None:
    """Why there is no response, with the host; None if the storage responded.

    The message of obstore has the kind of the error and its cause in a dump of its source.
    """
    if isinstance(error, httpx2.RequestError):
        address, cause = str(error.request.url), re.sub(r"^\[Errno -?\d+\] ", "", str(error))
        is_connected = not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
    else:
        summary, _, source = answer.partition(_SOURCE)
        kind = re.search(r"HttpError \{\s+kind: (Connect|Request|Timeout|Interrupted),", source)
        if kind is None:
            return None
        found = re.search(r"https?://[^\s?]+", summary)
        address, is_connected = found[0] if found else "", kind[1] != "Connect"
        causes = re.findall(r"(?:message|error): \"([^\"]+)\"|(InvalidCertificate\(\w+)", source)
        cause = "".join(causes[-1]).replace("(", ": ") if causes else _WITHOUT_CAUSE[kind[1]]
    verb = "did not respond at" if is_connected else "can't be reached: could not connect to"
    return f"{verb} {_host(address)}: {on_one_line(cause)[:_MAX_REASON]}"


def _host(address: str) -> str:
    """The host of a URL, and its port if it has one."""
    parts = urlsplit(address)
    return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or "the storage"


def _reason(answer: str) -> str:
    """The code and message of an error response, else its status or the error."""
    code, message = _element("Code", answer), _element("Message", answer)
    if code is not None:
        said = f"{code}: {message}" if message else code
    elif (status := re.search(r"status code: ([0-9]{3}[^:<]{0,40})", answer)) is not None:
        said = status[1]
    else:
        # The address comes first and is long; what went wrong comes last.
        said = answer.split("\n", 1)[0].rpartition(" - ")[2]
    return on_one_line(said.strip().rstrip("."))[:_MAX_REASON]


def _element(name: str, answer: str) -> str | None:
    """The text of an element of an S3 error document; it may be the words of anybody."""
    found = re.search(rf"<{name}>([^<]{{1,1000}})</{name}>", answer)
    return None if found is None else html.unescape(found[1]).strip() or None
