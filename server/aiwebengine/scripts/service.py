"""Scripts: everything that people, instances and periodic tasks do with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction
from aiwebengine.core.errors import Conflict, NotFound
from aiwebengine.core.identity import Viewer, engine
from aiwebengine.database import Database
from aiwebengine.runtimes.types import Program
from aiwebengine.scripts import (
    activation_store,
    activity_store,
    attention_store,
    checks,
    log_store,
    route_store,
    store,
    version_store,
)
from aiwebengine.scripts.access import target_of
from aiwebengine.scripts.activation import ActivationStep, Inits, NoInits
from aiwebengine.scripts.activity_types import CallCount
from aiwebengine.scripts.attention_store import Attention
from aiwebengine.scripts.batches import ScriptBatches
from aiwebengine.scripts.deploying import ScriptDeploys
from aiwebengine.scripts.errors import NotLoadable, RouteTaken
from aiwebengine.scripts.granting import ScriptRoles
from aiwebengine.scripts.loading import Candidate, Loader, RuntimeClient
from aiwebengine.scripts.log_types import NewLogLine
from aiwebengine.scripts.owning import FindsUsers, ScriptOwners
from aiwebengine.scripts.records import ActiveScript, Checked, ScriptSettings
from aiwebengine.scripts.rights import Act, is_administrator, must_be_allowed
from aiwebengine.scripts.routes import routes_of
from aiwebengine.scripts.trees import Trees
from aiwebengine.scripts.types import PageMode, Script, Severity

KEEP_DELETED_DAYS = 30
KEEP_LOG_DAYS = 14
KEEP_ACTIVATIONS = 1_000
"""Of each script."""
KEEP_ACTIVITY_DAYS = 30
KEEP_TREE_SECS = 3_600.0


class Scripts(ScriptDeploys, ScriptOwners, ScriptRoles, ScriptBatches):
    """Scripts, their versions, owners and deployments.

    *runtimes* loads versions, *trees* is where runtime processes read their files.
    """

    def __init__(
        self,
        db: Database,
        audit: AuditTrail,
        users: FindsUsers,
        settings: ScriptSettings,
        runtimes: RuntimeClient,
        trees: Trees,
    ) -> None:
        super().__init__(db, audit, settings)
        self.users = users
        self.trees = trees
        self.loader = Loader(runtimes, trees)
        self.inits: Inits = NoInits(db)
        """Set where scripts are served."""
        self.steps: list[ActivationStep] = []
        """What other packages do at each deployment and deletion, in this order."""

    async def suspend(self, viewer: Viewer, slug: str, reason: str | None = None) -> Script:
        """Refuse the script's requests until it is resumed. Its routes stay its own.

        Suspending it again changes nothing. Raises Unauthenticated, Forbidden, NotFound,
        BadUserInput.
        """
        reason = checks.reason(reason)
        async with self._changing(viewer, slug, Act.SUSPEND) as script:
            return await self._suspend(viewer, script, reason)

    async def suspend_for_crashes(self, script_id: UUID, reason: str) -> bool:
        """Suspend a script whose processes ended too often; False if it is suspended or deleted.

        The audit event names the engine, for which an alert is raised.
        """
        async with self._db.transaction():
            script = await store.lock_by_id(self._db, script_id, None)
            if script is None or script.deleted_at is not None or script.suspended_at is not None:
                return False
            await self._suspend(engine(), script, reason[: checks.LONGEST_REASON])
            return True

    async def resume(self, viewer: Viewer, slug: str) -> Script:
        """Serve a suspended script again. Resuming one that is not suspended changes nothing.

        Raises Unauthenticated, Forbidden, NotFound.
        """
        async with self._changing(viewer, slug, Act.SUSPEND) as script:
            if script.suspended_at is None:
                return script
            await store.resume(self._db, script.key, await store.next_activation(self._db))
            await self._audit.record(
                viewer,
                AuditAction.SCRIPT_RESUMED,
                target_of(script),
                before={"reason": script.suspension_reason},
            )
            return await self._reread(viewer, script)

    async def delete(self, viewer: Viewer, slug: str) -> Script:
        """Stop serving the script and free its routes and slug. It can be restored for 30 days.

        Raises Unauthenticated, Forbidden, NotFound.
        """
        async with self._changing(viewer, slug, Act.DELETE) as script:
            activation = await store.next_activation(self._db)
            await route_store.remove(self._db, script.key)
            await store.delete(self._db, script.key, activation)
            for step in self.steps:
                await step.deleted(script.key)
            await self._audit.record(
                viewer,
                AuditAction.SCRIPT_DELETED,
                target_of(script),
                before={"version": script.active_version},
            )
            return await self._reread(viewer, script)

    async def restore(self, viewer: Viewer, slug: str) -> Script:
        """Restore the script with this slug that was deleted last. Nothing of it is served until a
        version is deployed.

        Raises Unauthenticated, Forbidden, NotFound, Conflict when another script has the slug.
        """
        must_be_allowed(viewer, Act.DELETE)
        async with self._db.transaction():
            found = await store.find_deleted(self._db, slug, viewer.id)
            script = (
                None if found is None else await store.lock_by_id(self._db, found.key, viewer.id)
            )
            if script is None or script.deleted_at is None:
                raise NotFound(f"There is no deleted script {slug[:70]}.")
            must_be_allowed(viewer, Act.DELETE, script)
            if not await store.restore(self._db, script.key):
                raise Conflict(f"Another script has the slug {slug} now. Delete that one first.")
            await self._audit.record(viewer, AuditAction.SCRIPT_RESTORED, target_of(script))
            return await self._reread(viewer, script)

    async def set_limits(self, viewer: Viewer, slug: str, wanted: Mapping[str, Any]) -> Script:
        """Set limits by their names; None restores a default.

        Raises Unauthenticated, NotFound, BadUserInput for an unknown name or a value out of range,
        Forbidden for a value above the default unless the viewer is an administrator.
        """
        async with self._changing(viewer, slug, Act.SET_LIMITS) as script:
            old = script.overrides
            new = self._limits.checked(wanted, old, is_administrator=is_administrator(viewer))
            changed = [name for name in {*old, *new} if old.get(name) != new.get(name)]
            if not changed:
                return script
            activation = await store.next_activation(self._db)
            await store.set_limits(self._db, script.key, new, activation)
            await self._audit.record(
                viewer,
                AuditAction.SCRIPT_LIMITS_CHANGED,
                target_of(script),
                before={name: old.get(name) for name in sorted(changed)},
                after={name: new.get(name) for name in sorted(changed)},
            )
            return await self._reread(viewer, script)

    async def bind_host(self, viewer: Viewer, slug: str, host: str | None) -> Script:
        """Serve the script on *host* only, or None: on the engine's own.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, RouteTaken, NotLoadable when a
        route of the active version is not allowed there.
        """
        host = None if host is None else checks.host(host)
        if host is not None and host == self._settings.engine_host:
            host = None
        async with self._changing(viewer, slug, Act.BIND) as script:
            mode = PageMode.SANDBOXED if host is None else script.page_mode
            return await self._bind(viewer, script, host, mode)

    async def set_page_mode(self, viewer: Viewer, slug: str, mode: PageMode) -> Script:
        """Set how browsers treat the script's pages.

        Raises Unauthenticated, Forbidden, NotFound, Conflict for full pages on the engine's host.
        """
        async with self._changing(viewer, slug, Act.BIND) as script:
            is_apart = script.host is not None or self._settings.scripts_host is not None
            if mode is PageMode.FULL and not is_apart:
                raise Conflict(
                    "Full pages are not served on the engine's host, where they could act as the"
                    " people who are signed in. Set server.scripts_host, or bind the script to a"
                    " host."
                )
            return await self._bind(viewer, script, script.host, mode)

    async def active_programs(self, since_activation: int | None = None) -> list[ActiveScript]:
        """All scripts that are served, in one statement.

        With *since_activation* only those that changed after that number, and also those that are
        no longer served: their version is None.
        """
        return await route_store.active(self._db, since_activation, self._limits.applied)

    async def latest_activation(self) -> int:
        """The number of the last change of what is served; another number means: read again.

        Every change up to it is committed. It is lower after a restore of a backup.
        """
        return await store.latest_activation(self._db)

    async def files_of(self, script_id: UUID, version: int) -> dict[str, bytes]:
        """The files of a version by path."""
        return await version_store.files(self._db, script_id, version)

    async def digests_of(self, script_id: UUID, version: int) -> dict[str, str]:
        """The SHA-256 of each file of a version by path, as saved."""
        return await version_store.digests(self._db, script_id, version)

    async def try_load(self, active: ActiveScript) -> Checked:
        """Load a script that is served, in a process of its own that ends at once.

        Raises Unavailable when no process can be started.
        """
        candidate = self._served(active)
        return await self._tried(candidate, active.version or 0, _nothing)

    def program_of(self, active: ActiveScript) -> Program:
        """What the runtime runs for a script that is served; `prepare` writes its files."""
        return self.loader.planned(self._served(active))

    async def prepare(self, active: ActiveScript) -> Program:
        """The same, with its files on disk. Raises Unavailable."""
        return await self.loader.program(self._served(active))

    async def write_log(self, lines: Sequence[NewLogLine]) -> None:
        """Store log lines."""
        if lines:
            await log_store.append(self._db, lines)

    async def add_activity(self, counts: Sequence[CallCount]) -> None:
        """Add calls to those of their scripts and hours. Raises Unavailable."""
        await activity_store.add(self._db, counts)

    async def attention(self, days: int) -> Attention:
        """Scripts that an administrator should look at; *days* ago is long ago.

        For internal use.
        """
        return await attention_store.attention(self._db, days)

    async def remove_old(self) -> tuple[int, int]:
        """Remove scripts deleted more than 30 days ago, old log lines, deployments and counts of
        calls, contents of files that no version has; the numbers of scripts and of log lines.
        """
        async with self._db.transaction():
            removed = await store.remove_deleted(self._db, KEEP_DELETED_DAYS)
            for script_id in removed:
                for step in self.steps:
                    await step.purged(script_id)
        async with self._db.transaction():
            await version_store.remove_unused_contents(self._db)
        await activation_store.remove_old(self._db, KEEP_ACTIVATIONS)
        await activity_store.remove_old(self._db, KEEP_ACTIVITY_DAYS)
        return len(removed), await log_store.remove_old(self._db, KEEP_LOG_DAYS)

    async def remove_unused_trees(self, in_use: Collection[Path] = ()) -> int:
        """Remove the files on disk of versions that are not served; the number of versions.

        Those in *in_use* stay: folders of versions that this process serves nevertheless.
        """
        wanted = await route_store.active_digests(self._db)
        paths = {self.trees.path(script_id, digest) for script_id, digest in wanted}
        return await self.trees.keep_only(paths | set(in_use), KEEP_TREE_SECS)

    def _served(self, active: ActiveScript) -> Candidate:
        async def files() -> Mapping[str, bytes]:
            assert active.version is not None  # noqa: S101 - the caller serves it
            return await self.files_of(active.id, active.version)

        return Candidate(
            script_id=active.id,
            slug=active.slug,
            host=active.host,
            digest=active.digest,
            entry=active.entry,
            dialect=active.dialect,
            limits=active.limits,
            files=files,
        )

    async def _suspend(self, viewer: Viewer, script: Script, reason: str) -> Script:
        if script.suspended_at is not None:
            return script
        activation = await store.next_activation(self._db)
        await store.suspend(self._db, script.key, reason, activation)
        await self._audit.record(
            viewer, AuditAction.SCRIPT_SUSPENDED, target_of(script), reason=reason or None
        )
        return await self._reread(viewer, script)

    async def _bind(
        self,
        viewer: Viewer,
        script: Script,
        host: str | None,
        mode: PageMode,
    ) -> Script:
        if (script.host, script.page_mode) == (host, mode):
            return script
        activation = await store.next_activation(self._db)
        if script.host != host and script.active_version is not None:
            await self._move_routes(script, script.active_version, host)
        await store.set_host(self._db, script.key, host, mode, activation)
        if script.host != host:
            for step in self.steps:
                await step.moved(script.key)
        await self._audit.record(
            viewer,
            AuditAction.SCRIPT_HOST_BOUND,
            target_of(script),
            before={"host": script.host, "pageMode": script.page_mode.value},
            after={"host": host, "pageMode": mode.value},
        )
        return await self._reread(viewer, script)

    async def _move_routes(self, script: Script, active: int, host: str | None) -> None:
        version = await self._version(script, active)
        routes, problems = routes_of(version.registrations or [], script.slug, host)
        errors = [one for one in problems if one.severity is Severity.ERROR]
        if errors:
            raise NotLoadable(errors)
        if not await route_store.replace(self._db, script.key, host, routes):
            raise RouteTaken(await route_store.clashes(self._db, script.key, host, routes))


async def _nothing() -> None:
    """Nothing has to be done before a served script is loaded for a trial."""
