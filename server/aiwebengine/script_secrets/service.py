"""Secrets of scripts: what owners and scripts do with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol
from uuid import UUID, uuid4

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction
from aiwebengine.core.errors import Conflict, Forbidden, NotFound, Unavailable
from aiwebengine.core.hosts import checked_patterns
from aiwebengine.core.identity import Viewer
from aiwebengine.database import Database
from aiwebengine.script_secrets import checks, signatures, store
from aiwebengine.script_secrets.redacting import Redactor
from aiwebengine.script_secrets.sealing import Sealing
from aiwebengine.script_secrets.types import (
    ANY_HOST,
    BY_SCRIPT,
    MOST_OF_SCRIPT,
    MOST_OF_USER,
    MOST_OF_USERS,
    Opened,
    ScriptSecret,
    Sealed,
    SecretUnreadable,
)
from aiwebengine.scripts.access import ScriptAccess, label_of, target_of
from aiwebengine.scripts.records import ScriptSettings
from aiwebengine.scripts.rights import Act
from aiwebengine.signing_keys.service import SigningKeys
from aiwebengine.signing_keys.types import SCRIPT_SECRETS

RESEALED_AT_ONCE = 100
"""Secrets that one transaction encrypts with a new key."""
TRIES = 3
"""To find a key that has not expired since it was read."""


Secrets = list[ScriptSecret]


class Sender(Protocol):
    """The script that uses a secret, and its visitor."""

    @property
    def script_id(self) -> UUID:
        """The script."""

    @property
    def user_id(self) -> UUID | None:
        """The visitor, whose secrets come before those of the script."""


class ScriptSecrets(ScriptAccess):
    """Secrets of scripts. No operation returns a value, except those that are for internal use."""

    def __init__(
        self, db: Database, audit: AuditTrail, settings: ScriptSettings, keys: SigningKeys
    ) -> None:
        super().__init__(db, audit, settings)
        self._keys = keys
        self._sealing = Sealing(db)
        self._all_sealed_with = 0
        self.redactor = Redactor(db, self._sealing)

    # What owners do

    async def all(self, viewer: Viewer, slug: str) -> Secrets:
        """The secrets of a script by name, without those of visitors.

        Raises Unauthenticated, Forbidden, NotFound.
        """
        script = await self._found(viewer, slug, Act.LIST_SECRETS)
        return (await self.of_scripts([script.key]))[script.key]

    async def of_scripts(self, script_ids: Sequence[UUID]) -> dict[UUID, Secrets]:
        """The same for many scripts. For internal use."""
        return await store.of_scripts(self._db, script_ids)

    async def set(
        self, viewer: Viewer, slug: str, name: str, value: str, hosts: Iterable[str]
    ) -> ScriptSecret:
        """Set a secret and where it may be sent. Hosts can't be changed without the value.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, Conflict for one too many.
        """
        name, value = checks.name(name), checks.value(value)
        allowed = checked_patterns("hosts", hosts)
        async with self._locking(viewer, slug, Act.SET_SECRETS) as script:
            await store.lock_secrets(self._db, script.key)
            own, _ = await store.count_others(self._db, script.key, None, name)
            if own >= MOST_OF_SCRIPT:
                raise Conflict(f"The script has {own} secrets; allowed: {MOST_OF_SCRIPT}.")
            before = await store.find(self._db, script.key, name)
            await self._put(script.key, None, name, value, allowed, label_of(viewer))
            await self._audit.record(
                viewer,
                AuditAction.SCRIPT_SECRET_SET,
                target_of(script),
                before=None if before is None else {"name": name, "hosts": before.hosts},
                after={"name": name, "hosts": allowed},
            )
            secret = await store.find(self._db, script.key, name)
            assert secret is not None  # noqa: S101 - it was stored above
            return secret

    async def remove(self, viewer: Viewer, slug: str, name: str) -> Secrets:
        """Remove a secret; those that are left.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput.
        """
        checks.name(name)
        async with self._locking(viewer, slug, Act.SET_SECRETS) as script:
            await store.lock_secrets(self._db, script.key)
            before = await store.find(self._db, script.key, name)
            if before is None or not await store.remove(self._db, script.key, None, name):
                raise NotFound(f"The script {slug} has no secret {name}.")
            await self._audit.record(
                viewer,
                AuditAction.SCRIPT_SECRET_REMOVED,
                target_of(script),
                before={"name": name, "hosts": before.hosts},
            )
            return (await self.of_scripts([script.key]))[script.key]

    # What scripts do

    async def has(self, sender: Sender, name: str) -> bool:
        """Whether there is a secret with this name, of the visitor or the script."""
        name = checks.name(name)
        return bool(await store.named(self._db, sender.script_id, sender.user_id, [name]))

    async def verify(
        self, sender: Sender, name: str, message: bytes, signature: str, algorithm: str
    ) -> bool:
        """Whether *signature* is the HMAC of *message* with this secret.

        Raises NotFound, BadUserInput, SecretUnreadable.
        """
        found = (await self.to_send(sender, [checks.name(name)])).get(name)
        if found is None:
            raise NotFound(f"The script has no secret {name}.")
        return signatures.is_valid(found.value, message, signature, algorithm)

    async def set_own(self, sender: Sender, name: str, value: str) -> None:
        """Set a secret of the visitor, to go where the script's secret of this name goes.

        Without one it may go anywhere. Where nobody is signed in it becomes the script's, unless an
        owner set that. Raises BadUserInput, Conflict, Forbidden.
        """
        name, value = checks.name(name), checks.value(value)
        script_id, user_id = sender.script_id, sender.user_id
        async with self._db.transaction():
            await store.lock_secrets(self._db, script_id)
            own, of_users = await store.count_others(self._db, script_id, user_id, name)
            most = MOST_OF_SCRIPT if user_id is None else MOST_OF_USER
            if own >= most:
                raise Conflict(f"There are {own} secrets already; allowed: {most}.")
            if user_id is not None and of_users >= MOST_OF_USERS:
                raise Conflict(f"Visitors have {of_users} secrets here; allowed: {MOST_OF_USERS}.")
            present = await store.find(self._db, script_id, name)
            if user_id is None and present is not None and present.set_by != BY_SCRIPT:
                raise Forbidden(f"An owner set the secret {name}; the script can't replace it.")
            hosts = ANY_HOST if present is None else present.hosts
            await self._put(script_id, user_id, name, value, hosts, BY_SCRIPT)
        self.redactor.note(script_id, Opened(name, value, tuple(hosts)))

    async def remove_own(self, sender: Sender, name: str | None) -> bool:
        """Remove a secret that `set_own` set, or all of the visitor; False without any.

        Raises BadUserInput.
        """
        if name is not None:
            checks.name(name)
        return await store.remove(
            self._db, sender.script_id, sender.user_id, name, set_by=BY_SCRIPT
        )

    async def to_send(self, caller: Sender, names: Collection[str]) -> Mapping[str, Opened]:
        """Secrets with their values: the visitor's, else the script's. For internal use.

        Raises SecretUnreadable, Unavailable.
        """
        sealed = await store.named(self._db, caller.script_id, caller.user_id, names)
        opened = {one.name: await self._sealing.open(one) for one in sealed}
        for one in sealed:
            if one.user_id is not None:
                self.redactor.note(caller.script_id, opened[one.name])
        return opened

    # What the engine does

    async def reseal(self) -> int:
        """Encrypt what is encrypted with replaced keys with the active one; how many.

        Then the replaced keys expire. Raises Unavailable.
        """
        oldest = await store.lowest_key(self._db)
        if oldest is None:
            return 0
        # Where all keys are missing, none is created: that would hide what has to be restored.
        number = await self._sealing.refresh(begins=False)
        if number == 0 or (self._all_sealed_with == number and oldest >= number):
            return 0
        done = 0
        while resealed := await self._reseal_some(number):
            done += resealed
        async with self._db.transaction():
            # What is encrypted with an old key now waits here, and is then seen.
            await self._keys.lock(SCRIPT_SECRETS)
            lowest = await store.lowest_key(self._db)
            await self._keys.retire_before(SCRIPT_SECRETS, min(lowest or number, number))
        if lowest is None or lowest >= number:
            self._all_sealed_with = number
        return done

    async def unreadable(self) -> Sequence[str]:
        """Why secrets can't be decrypted, one sentence for each key; empty if they can.

        Raises Unavailable.
        """
        found = []
        for number, sample, slug in await store.samples(self._db):
            try:
                await self._sealing.open(sample)
            except SecretUnreadable as error:
                more = f" So are {number - 1} more." if number > 1 else ""
                found.append(f"{slug}: {error.message}{more}")
        return found

    async def _reseal_some(self, number: int) -> int:
        async with self._db.transaction():
            known = self._sealing.readable
            sealed = await store.lock_older(self._db, number, known, RESEALED_AT_ONCE)
            done = 0
            for one in sealed:
                try:
                    opened = await self._sealing.open(one)
                except SecretUnreadable:
                    # It stays as it is, and so does its key; the health check reports it.
                    continue
                with_key, ciphertext = self._sealing.seal(
                    one.script_id, one.user_id, one.name, one.hosts, opened.value
                )
                await store.reseal(self._db, one.id, with_key, ciphertext)
                done += 1
            return done

    async def _put(
        self,
        script_id: UUID,
        user_id: UUID | None,
        name: str,
        value: str,
        hosts: Sequence[str],
        set_by: str,
    ) -> None:
        for _ in range(TRIES):
            if await self._keys.hold(SCRIPT_SECRETS, await self._sealing.refresh()):
                break
        else:
            raise Unavailable("The keys of secrets are being replaced. Try again.")
        number, ciphertext = self._sealing.seal(script_id, user_id, name, hosts, value)
        sealed = Sealed(uuid4(), script_id, user_id, name, tuple(hosts), number, ciphertext)
        await store.put(self._db, sealed, set_by)
