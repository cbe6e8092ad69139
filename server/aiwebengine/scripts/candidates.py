"""Loading versions, to see what they offer and what is wrong with them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from uuid import uuid4

from aiwebengine.scripts import route_store, store, version_store
from aiwebengine.scripts.activation import ActivationStep, InitRun, Inits, Offered
from aiwebengine.scripts.errors import NotLoadable
from aiwebengine.scripts.loading import Candidate, Loader
from aiwebengine.scripts.records import Checked, Tree
from aiwebengine.scripts.saving import ScriptSaves
from aiwebengine.scripts.types import Diagnostic, Script, ScriptVersion, Severity


class ScriptCandidates(ScriptSaves):
    """What checks and deployments share."""

    loader: Loader
    inits: Inits
    steps: list[ActivationStep]
    """Set by the subclass."""

    async def _tried(
        self, candidate: Candidate, version: int, begin: Callable[[], Awaitable[object]]
    ) -> Checked:
        """What a version offers, and all problems with it; what its `init()` wrote is undone."""
        run = self.inits.run(candidate, version=version, counts=False, begin=begin)
        try:
            checked = await self.loader.load(candidate, keep=False, on_ask=run.answer)
        finally:
            await run.end()
        return await self._with_steps(candidate, checked)

    async def _loaded(self, candidate: Candidate, run: InitRun, *, keep: bool) -> Checked:
        """What a version offers that may be deployed. Raises NotLoadable."""
        checked = await self.loader.load(candidate, keep=keep, on_ask=run.answer)
        try:
            checked = await self._with_steps(candidate, checked)
            if not checked.is_deployable:
                raise NotLoadable(checked.diagnostics)
        except BaseException:
            if keep:
                await self._retire_unless_active(candidate)
            raise
        return checked

    async def _with_steps(self, candidate: Candidate, checked: Checked) -> Checked:
        """What was checked, with the problems that the steps of a deployment find."""
        if not checked.is_deployable:
            return checked
        offered = Offered(
            candidate.script_id, candidate.slug, checked.registrations, candidate.files
        )
        found = [one for step in self.steps for one in await step.check(offered)]
        return Checked(checked.routes, [*found, *checked.diagnostics], checked.registrations)

    async def _retire_unless_active(self, candidate: Candidate) -> None:
        """End the processes of a candidate, unless the same program is served."""
        script = await store.find_by_id(self._db, candidate.script_id, None)
        if script is not None and script.active_version is not None:
            active = await self._version(script, script.active_version)
            if active.digest == candidate.digest:
                return
        await self.loader.retire(candidate)

    async def _with_clashes(
        self, script: Script | None, checked: Checked, host: str | None = None
    ) -> Checked:
        """What was checked, with an error for each route that another script has."""
        key, host = (None, host) if script is None else (script.key, script.host)
        clashes = await route_store.clashes(self._db, key, host, checked.routes)
        errors = [
            Diagnostic(
                severity=Severity.ERROR,
                message=f"The route {one.method} {one.path} belongs to the script {one.slug}.",
            )
            for one in clashes
        ]
        return Checked(checked.routes, [*errors, *checked.diagnostics], checked.registrations)

    def _candidate(self, script: Script, version: ScriptVersion) -> Candidate:
        return Candidate(
            script_id=script.key,
            slug=script.slug,
            host=script.host,
            digest=version.digest,
            entry=version.entry,
            dialect=version.dialect,
            limits=self.limits_of(script),
            files=lambda: version_store.files(self._db, script.key, version.number),
        )

    def _new_candidate(self, slug: str, script: Script | None, tree: Tree) -> Candidate:
        async def files() -> Mapping[str, bytes]:
            return tree.files

        return Candidate(
            script_id=uuid4() if script is None else script.key,
            slug=slug,
            host=None if script is None else script.host,
            digest=tree.digest,
            entry=tree.entry,
            dialect=tree.dialect,
            limits=self._limits.defaults if script is None else self.limits_of(script),
            files=files,
        )
