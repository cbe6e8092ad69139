"""Checking and deploying versions.

A version is loaded before anything changes, and its process is kept, so that the first request
after the deployment finds it running. What changes then is one transaction.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from aiwebengine.audit.types import AuditAction
from aiwebengine.core.errors import Conflict
from aiwebengine.core.identity import Viewer
from aiwebengine.scripts import activation_store, checks, route_store, store, version_store
from aiwebengine.scripts.access import label_of, target_of
from aiwebengine.scripts.activation import Activation, Files, InitRun
from aiwebengine.scripts.activation_types import ActivationKind
from aiwebengine.scripts.candidates import ScriptCandidates
from aiwebengine.scripts.errors import NotLoadable, OtherActiveVersion, RouteTaken
from aiwebengine.scripts.loading import Candidate
from aiwebengine.scripts.preconditions import Precondition
from aiwebengine.scripts.records import Checked, Deployed, Tree
from aiwebengine.scripts.rights import Act, must_be_allowed
from aiwebengine.scripts.types import Script

_KINDS = {
    AuditAction.SCRIPT_DEPLOYED: ActivationKind.DEPLOYED,
    AuditAction.SCRIPT_ROLLED_BACK: ActivationKind.ROLLED_BACK,
}


class ScriptDeploys(ScriptCandidates):
    """The operations that load versions."""

    async def check(self, viewer: Viewer, slug: str, version: int | None = None) -> Checked:
        """Load a version, the newest by default, without serving it; what it offers, all problems
        and clashes of its routes.

        Raises Unauthenticated, Forbidden, NotFound, Conflict before the first version, Unavailable.
        """
        script = await self._found(viewer, slug, Act.DEPLOY)
        found = await self._version(script, version or _newest_of(script))
        candidate = self._candidate(script, found)
        checked = await self._with_clashes(
            script, await self._tried(candidate, found.number, self._begun(viewer, script))
        )
        await version_store.note_check(
            self._db,
            script.key,
            found.number,
            checked.registrations if checked.is_deployable else None,
            checked.diagnostics,
        )
        return checked

    async def check_files(self, viewer: Viewer, slug: str, tree: Tree) -> Checked:
        """The same for files that are not saved; the script need not exist yet."""
        must_be_allowed(viewer, Act.CREATE)
        script = await store.find(self._db, slug, viewer.id)
        if script is not None:
            must_be_allowed(viewer, Act.DEPLOY, script)
        candidate = self._new_candidate(checks.slug(slug), script, tree)
        tried = await self._tried(candidate, 0, self._begun(viewer, script, candidate))
        return await self._with_clashes(script, tried, candidate.host)

    async def deploy(
        self, viewer: Viewer, slug: str, version: int | None = None, expected: int | None = None
    ) -> Deployed:
        """Serve a version, the newest by default. Deploying the active one changes nothing.

        With *expected*, only instead of this version, or of none if it is 0. Raises
        Unauthenticated, Forbidden, NotFound, NotLoadable, RouteTaken, OtherActiveVersion when
        another version was deployed meanwhile, Unavailable. Then nothing has changed.
        """
        return await self._deploy(viewer, slug, version, AuditAction.SCRIPT_DEPLOYED, expected)

    async def roll_back(
        self, viewer: Viewer, slug: str, to: int | None = None, expected: int | None = None
    ) -> Deployed:
        """Serve an earlier version: by default the last one before the active one that was ever
        deployed. Raises as `deploy` does, and Conflict when there is none.
        """
        if to is None:
            script = await self._found(viewer, slug, Act.DEPLOY)
            if script.active_version is None:
                raise Conflict(f"No version of {slug} is active; deploy one.")
            to = await version_store.deployed_before(self._db, script.key, script.active_version)
            if to is None:
                raise Conflict(
                    f"No version of {slug} before {script.active_version} was ever deployed."
                )
        return await self._deploy(viewer, slug, to, AuditAction.SCRIPT_ROLLED_BACK, expected)

    async def put(
        self,
        viewer: Viewer,
        slug: str,
        tree: Tree,
        *,
        title: str | None = None,
        message: str | None = None,
        deploy: bool = True,
        precondition: Precondition | None = None,
    ) -> Deployed:
        """Load, save and deploy files in one step; creates the script if there is none.

        Without *deploy* they are only loaded and saved. Raises as `create`, `save` and `deploy` do,
        and PreconditionFailed. Then nothing has changed.
        """
        precondition = precondition or Precondition()
        slug, message = checks.slug(slug), checks.message(message)
        must_be_allowed(viewer, Act.CREATE)
        script = await store.find(self._db, slug, viewer.id)
        if script is not None:
            must_be_allowed(viewer, Act.DEPLOY, script)
        precondition.check(script)
        candidate = self._new_candidate(slug, script, tree)
        kept_title = checks.title(title)
        run = self.inits.run(
            candidate,
            version=0,
            counts=deploy and not await self._is_active(script, tree),
            begin=self._begun(viewer, script, candidate, kept_title),
        )

        async def store_it() -> Deployed:
            async with self._deploying(viewer, slug, run):
                current = await store.lock(self._db, slug, viewer.id)
                if script is None and current is not None and current.key == candidate.script_id:
                    # Its `init()` has written.
                    await self._note_creation(viewer, current)
                    is_new = True
                else:
                    precondition.check(current)
                    is_new = current is None
                current = await self._unchanged_or_new(
                    viewer, script, current, candidate, kept_title
                )
                number, changed = await self._save(viewer, current, tree, message)
                if deploy:
                    action = AuditAction.SCRIPT_DEPLOYED
                    changed |= await self._activate(
                        viewer, current, number, tree.digest, checked, action, candidate.files
                    )
                else:
                    await version_store.note_check(
                        self._db, current.key, number, checked.registrations, checked.diagnostics
                    )
                current = await self._reread(viewer, current)
                return _deployed(current, number, checked, changed=changed, is_new=is_new)

        try:
            checked = await self._loaded(candidate, run, keep=deploy)
            deployed = await self._or_retire(candidate, store_it, is_kept=deploy)
        finally:
            await run.end()
        await self._has_changed()
        return deployed

    async def _is_active(self, script: Script | None, tree: Tree) -> bool:
        """Whether these files are those of the active version, so that nothing changes."""
        if script is None or script.active_version != script.newest_version:
            return False
        return (await self._version(script, script.newest_version)).digest == tree.digest

    async def _deploy(
        self,
        viewer: Viewer,
        slug: str,
        number: int | None,
        action: AuditAction,
        expected: int | None,
    ) -> Deployed:
        script = await self._found(viewer, slug, Act.DEPLOY)
        version = await self._version(script, number or _newest_of(script))
        is_other = expected not in (None, script.active_version or 0)
        # That the version is active already is what the caller wants.
        if is_other and script.active_version != version.number:
            raise await self._other_active(script, expected)
        candidate = self._candidate(script, version)
        # Deploying the active version changes nothing, so neither does its `init()`.
        counts = script.active_version != version.number
        run = self.inits.run(
            candidate, version=version.number, counts=counts, begin=self._begun(viewer, script)
        )

        async def store_it() -> Deployed:
            async with self._deploying(viewer, slug, run):
                current = await self._locked(viewer, slug, Act.DEPLOY)
                if (current.key, current.activation) != (script.key, script.activation):
                    raise await self._other_active(current, script.active_version)
                changed = await self._activate(
                    viewer,
                    current,
                    version.number,
                    version.digest,
                    checked,
                    action,
                    candidate.files,
                )
                current = await self._reread(viewer, current)
                return _deployed(current, version.number, checked, changed=changed)

        try:
            try:
                checked = await self._loaded(candidate, run, keep=True)
            except NotLoadable as error:
                await version_store.note_check(
                    self._db, script.key, version.number, None, error.diagnostics
                )
                raise
            deployed = await self._or_retire(candidate, store_it, is_kept=True)
        finally:
            await run.end()
        await self._has_changed()
        return deployed

    async def _other_active(self, script: Script, expected: int | None) -> OtherActiveVersion:
        """What to raise: the active version is another one, or the script was changed otherwise."""
        last = None
        if script.active_version != expected:
            [activations] = await activation_store.pages(self._db, [(script.key, None, 1)])
            last = activations[0] if activations else None
        return OtherActiveVersion(script.slug, script.active_version, last)

    @asynccontextmanager
    async def _deploying(self, viewer: Viewer, slug: str, run: InitRun) -> AsyncIterator[None]:
        """The transaction of a deployment. Who waits for it holds no connection.

        One that `init()` has begun is not waited for: it has locked the script already.
        """
        async with AsyncExitStack() as stack:
            if not run.is_begun:
                await stack.enter_async_context(self._turn(viewer, slug, Act.DEPLOY))
                await stack.enter_async_context(self._db.deployments.taken())
            await stack.enter_async_context(run.joined())
            yield

    def _begun(
        self,
        viewer: Viewer,
        script: Script | None,
        candidate: Candidate | None = None,
        title: str = "",
    ) -> Callable[[], Awaitable[object]]:
        """What happens before the first write of `init()`: the script is there, and is locked."""

        async def begin() -> None:
            if script is not None:
                await store.lock_by_id(self._db, script.key, None)
            elif candidate is not None and not await self._add_quietly(
                viewer, candidate.script_id, candidate.slug, title
            ):
                raise Conflict(f"The script {candidate.slug} was created meanwhile.")

        return begin

    async def _unchanged_or_new(
        self,
        viewer: Viewer,
        before: Script | None,
        current: Script | None,
        candidate: Candidate,
        title: str,
    ) -> Script:
        """The script, created unless there is one. Raises Forbidden; Conflict when it is not the
        one that was there when the candidate was loaded.
        """
        if current is not None:
            must_be_allowed(viewer, Act.DEPLOY, current)
        elif before is None:
            current = await self._add(viewer, candidate.script_id, candidate.slug, title)
        if current is None or (current.key, current.host) != (candidate.script_id, candidate.host):
            raise Conflict(
                f"The script {candidate.slug} was created, deleted or bound to another host"
                " meanwhile. Send it again."
            )
        return current

    async def _activate(
        self,
        viewer: Viewer,
        script: Script,
        number: int,
        digest: str,
        checked: Checked,
        action: AuditAction,
        files: Files,
    ) -> bool:
        """Make a version the active one in the caller's transaction; False if it was before.

        Raises RouteTaken.
        """
        if script.active_version == number:
            return False
        before = script.active_version
        activated = Activation(
            script.key, script.slug, checked.registrations, files, number, before
        )
        for step in self.steps:
            await step.prepare(activated)
        # All other deployments wait from here on: nothing below takes as long as an author likes.
        activation = await store.next_activation(self._db)
        if not await route_store.replace(self._db, script.key, script.host, checked.routes):
            raise RouteTaken(
                await route_store.clashes(self._db, script.key, script.host, checked.routes)
            )
        await version_store.activate(
            self._db, script.key, number, activation, checked.registrations, checked.diagnostics
        )
        for step in self.steps:
            await step.activate(activated)
        await activation_store.add(
            self._db, script.key, number, before, _KINDS[action], label_of(viewer)
        )
        await self._audit.record(
            viewer,
            action,
            target_of(script),
            before=None if before is None else {"version": before},
            after={"version": number, "digest": digest, "routes": len(checked.routes)},
        )
        return True

    async def _or_retire(
        self, candidate: Candidate, store_it: Callable[[], Awaitable[Deployed]], *, is_kept: bool
    ) -> Deployed:
        """Do *store_it*; if it fails, end the process that was started for it."""
        try:
            return await store_it()
        except BaseException:
            if is_kept:
                await self._retire_unless_active(candidate)
            raise


def _newest_of(script: Script) -> int:
    if script.newest_version == 0:
        raise Conflict(f"Nothing is saved in {script.slug} yet. Save a version first.")
    return script.newest_version


def _deployed(
    script: Script, number: int, checked: Checked, *, changed: bool, is_new: bool = False
) -> Deployed:
    return Deployed(script, number, checked.routes, checked.diagnostics, changed, is_new)
