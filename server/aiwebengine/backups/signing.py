"""Signs archives, and tells whether one was signed by this engine.

The manifest holds the checksum of every file in the archive; it is signed by HMAC-SHA-256
(RFC 2104) with a key that lies neither in the database nor in any archive: whoever can write to
the backup directory or the bucket can make an archive, but not one that counts as ours.
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
from aiwebengine.backups.files import open_new, open_regular, sync
from aiwebengine.backups.manifest import Damaged
from aiwebengine.backups.types import BackupSignature, Manifest
from aiwebengine.core.config import Config
from aiwebengine.core.errors import Conflict

KEY_FILE = "backup-signing.key"
ALGORITHM = "HMAC-SHA-256"
SHORTEST_KEY = 32
_LARGEST_FILE = 1_024
_KEY_ID_OF = b"aiwebengine backup signing key id\n"


class NoSigningKey(Conflict):
    """There is no key to sign with, and none can be made; the message says what to do."""


class NotTrusted(Conflict):
    """An archive is not signed by this engine; the message says what to do."""


class SigningKeys:
    """The keys of this engine: one that signs, and those that were used before."""

    def __init__(self, config: Config) -> None:
        self._configured = config.backup.signing_key
        self._former = config.backup.former_signing_keys
        self.file = config.repository.data_dir / KEY_FILE

    def sign(self, manifest: bytes) -> bytes:
        """The content of `manifest.sig`. Makes the key file at the first use.

        Raises NoSigningKey.
        """
        configured = self._configured
        key = configured.get_secret_value().encode() if configured else self._kept_key()
        told = {"algorithm": ALGORITHM, "key": _id_of(key), "signature": _signature(key, manifest)}
        return orjson.dumps(told)

    def ids(self) -> tuple[str, ...]:
        """The ids of all keys that archives are compared with. Raises NoSigningKey."""
        return tuple(self._known())

    def state_of(self, contents: Contents) -> BackupSignature:
        """Whether the archive is signed by this engine. Raises NoSigningKey."""
        if contents.signature is None:
            return BackupSignature.UNSIGNED
        try:
            told = orjson.loads(contents.signature)
            key_id, signature = told["key"], told["signature"]
            if told["algorithm"] != ALGORITHM or not signature.isascii():
                return BackupSignature.INVALID
            key = self._known().get(key_id)
        except (ValueError, KeyError, TypeError, AttributeError):
            return BackupSignature.INVALID
        if key is None:
            return BackupSignature.UNKNOWN_KEY
        is_ours = hmac.compare_digest(_signature(key, contents.text), signature)
        return BackupSignature.VALID if is_ours else BackupSignature.INVALID

    def trusted(self, contents: Contents, name: str, *, trust_unsigned: bool) -> Manifest:
        """The manifest of the archive *name*, when this engine signed it.

        *trust_unsigned*: somebody vouches for an archive that nobody signed, or another engine.
        Raises NotTrusted; Damaged when the archive was changed or has another name.
        """
        state, manifest = self.state_of(contents), contents.manifest
        if state is BackupSignature.INVALID:
            raise Damaged(f"The signature of {name} does not match: it was changed.")
        if manifest.name != name:
            raise Damaged(renamed(name, manifest))
        if state is BackupSignature.VALID or trust_unsigned:
            return manifest
        raise NotTrusted(f"{name} {_WHY[state]} {_REMEDY}")

    def _known(self) -> dict[str, bytes]:
        keys = [secret.get_secret_value().encode() for secret in self._former]
        if self._configured is not None:
            keys.append(self._configured.get_secret_value().encode())
        # What was signed before `backup.signing_key` was set.
        kept = _read_key(self.file)
        return {_id_of(key): key for key in (*keys, *([kept] if kept else []))}

    def _kept_key(self) -> bytes:
        return _read_key(self.file) or _made_key(self.file)


def renamed(name: str, manifest: Manifest) -> str:
    """What to say of an archive that lies under another name than it was made with."""
    return f"{name} was renamed: its manifest says {manifest.name}. Give it that name again."


_WHY = {
    BackupSignature.UNSIGNED: "is not signed: an older version made it, or a stranger.",
    BackupSignature.UNKNOWN_KEY: "is signed with a key that this engine does not have.",
}
_REMEDY = (
    "Set backup.signing_key or backup.former_signing_keys to the key of the engine that made it."
    " If you know where it comes from, use --trust-unsigned at the command line."
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
    if len(key) < SHORTEST_KEY:
        raise NoSigningKey(
            f"{path} holds {len(key)} characters; a key has {SHORTEST_KEY} at least."
            " Put back the file that was there, or remove this one to get a new key."
        )
    return key


def _made_key(path: Path) -> bytes:
    """A new key in a file; the one that another process made at the same moment, if any did."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open_new(fresh) as file:
            file.write(secrets.token_hex(32).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        # A link is made only where nothing is: nobody's key is ever replaced.
        with suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
        sync(path.parent)
    except OSError as error:
        raise NoSigningKey(
            f"Backups are signed, and no key can be kept in {path}: {error.strerror}."
            " Set backup.signing_key, or let the engine's user write there."
        ) from None
    key = _read_key(path)
    assert key is not None  # noqa: S101 - it was just made
    return key
