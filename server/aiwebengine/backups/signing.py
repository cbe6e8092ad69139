"""Signs archives and verifies their signatures.

The manifest contains the checksum of every file and is signed with HMAC-SHA-256 (RFC 2104). The key
is neither in the database nor in an archive, so write access to the backup directory or bucket is
not enough to forge a trusted archive.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

import orjson

from aiwebengine.backups.archive import Contents
from aiwebengine.backups.files import open_new, open_regular
from aiwebengine.backups.manifest import Damaged
from aiwebengine.backups.types import BackupSignature, Manifest
from aiwebengine.core.config import Config
from aiwebengine.core.disk import sync
from aiwebengine.core.errors import Conflict

KEY_FILE = "backup-signing.key"
ALGORITHM = "HMAC-SHA-256"
MIN_KEY_LENGTH = 32
_LARGEST_FILE = 1_024
_KEY_ID_OF = b"aiwebengine backup signing key id\n"


class NoSigningKey(Conflict):
    """There is no signing key, and none can be created; the message says what to do."""


class NotTrusted(Conflict):
    """The archive is not signed by this engine; the message says what to do."""


class SigningKeys:
    """The current and previous keys that sign archives."""

    def __init__(self, config: Config) -> None:
        self._configured = config.backup.signing_key
        self._former = config.backup.former_signing_keys
        self.file = config.repository.data_dir / KEY_FILE

    def sign(self, manifest: bytes) -> bytes:
        """The content of `manifest.sig`. Creates the key file on first use.

        Raises NoSigningKey.
        """
        configured = self._configured
        key = configured.get_secret_value().encode() if configured else self._kept_key()
        content = {
            "algorithm": ALGORITHM,
            "key": _id_of(key),
            "signature": _signature(key, manifest),
        }
        return orjson.dumps(content)

    def ids(self) -> tuple[str, ...]:
        """The IDs of all trusted keys. Raises NoSigningKey."""
        return tuple(self._known())

    def state_of(self, contents: Contents) -> BackupSignature:
        """The signature state of an archive. Raises NoSigningKey."""
        if contents.signature is None:
            return BackupSignature.UNSIGNED
        try:
            signed = orjson.loads(contents.signature)
            key_id, signature = signed["key"], signed["signature"]
            if signed["algorithm"] != ALGORITHM or not signature.isascii():
                return BackupSignature.INVALID
            key = self._known().get(key_id)
        except (ValueError, KeyError, TypeError, AttributeError):
            return BackupSignature.INVALID
        if key is None:
            return BackupSignature.UNKNOWN_KEY
        is_ours = hmac.compare_digest(_signature(key, contents.text), signature)
        return BackupSignature.VALID if is_ours else BackupSignature.INVALID

    def trusted(self, contents: Contents, name: str, *, trust_unsigned: bool) -> Manifest:
        """The manifest of the archive *name*, if this engine signed it.

        *trust_unsigned*: also accept archives that are unsigned or signed by another engine. Raises
        NotTrusted; Damaged if the archive was changed or renamed.
        """
        state, manifest = self.state_of(contents), contents.manifest
        if state is BackupSignature.INVALID:
            raise Damaged(f"The signature of {name} does not match, so the archive was changed.")
        if manifest.name != name:
            raise Damaged(renamed(name, manifest))
        if state is BackupSignature.VALID or trust_unsigned:
            return manifest
        raise NotTrusted(f"{name} {_WHY[state]} {_REMEDY}")

    def _known(self) -> dict[str, bytes]:
        keys = [secret.get_secret_value().encode() for secret in self._former]
        if self._configured is not None:
            keys.append(self._configured.get_secret_value().encode())
        # The key from before `backup.signing_key` was set.
        kept = _read_key(self.file)
        return {_id_of(key): key for key in (*keys, *([kept] if kept else []))}

    def _kept_key(self) -> bytes:
        return _read_key(self.file) or _create_key(self.file)


def renamed(name: str, manifest: Manifest) -> str:
    """The message for an archive that was renamed."""
    return f"{name} was renamed. Rename it back to {manifest.name}, the name in its manifest."


_WHY = {
    BackupSignature.UNSIGNED: "is not signed. An older version or somebody else created it.",
    BackupSignature.UNKNOWN_KEY: "is signed with a key that this engine does not have.",
}
_REMEDY = (
    "Set backup.signing_key or backup.former_signing_keys to the key of the engine that created it."
    " If you trust its source, use --trust-unsigned on the command line."
)


def _id_of(key: bytes) -> str:
    return hashlib.sha256(_KEY_ID_OF + key).hexdigest()[:16]


def _signature(key: bytes, manifest: bytes) -> str:
    return hmac.new(key, manifest, hashlib.sha256).hexdigest()


def _read_key(path: Path) -> bytes | None:
    try:
        with open_regular(path) as file:
            key = file.read(_LARGEST_FILE).strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise NoSigningKey(f"{path} can't be read: {error.strerror or error}.") from None
    if len(key) < MIN_KEY_LENGTH:
        raise NoSigningKey(
            f"{path} has {len(key)} characters; a key needs at least {MIN_KEY_LENGTH}."
            " Restore the original file, or delete this one to create a new key."
        )
    return key


def _create_key(path: Path) -> bytes:
    """Create the key file, or read it if another process created it at the same time."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open_new(fresh) as file:
            file.write(secrets.token_hex(32).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        # `link` fails if the file exists, so an existing key is never replaced.
        with suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
        sync(path.parent)
    except OSError as error:
        raise NoSigningKey(
            f"Can't create the backup signing key {path}: {error.strerror}."
            " Set backup.signing_key, or make the directory writable for the engine."
        ) from None
    key = _read_key(path)
    assert key is not None  # noqa: S101 - it was just created
    return key
