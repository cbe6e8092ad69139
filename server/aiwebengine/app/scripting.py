"""Runs scripts in one process of an instance: what the other parts of `scripts/` are wired to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Scope

from aiwebengine.app.script_connections import ScriptConnections
from aiwebengine.app.script_features import Features, add_features
from aiwebengine.app.script_graphql import EVERYWHERE, ScriptFields
from aiwebengine.app.script_visitors import EngineVisitors
from aiwebengine.app.script_work import ScriptWork
from aiwebengine.audit.event_bus import AuditEventBus
from aiwebengine.audit.types import AuditAction
from aiwebengine.auth.authenticator import Authenticator
from aiwebengine.core.config import Config
from aiwebengine.core.errors import Unavailable
from aiwebengine.database import Database
from aiwebengine.runtimes.instance import InstanceRuntimes
from aiwebengine.runtimes.questions import LoadAnswers, NoAnswers
from aiwebengine.runtimes.types import Limits, Program
from aiwebengine.script_assets.serving import AssetResponses
from aiwebengine.script_calls.activity import ActivityCounter
from aiwebengine.script_calls.caller import ScriptCaller
from aiwebengine.script_calls.inits import CountedInits
from aiwebengine.script_calls.invocations import Invocations
from aiwebengine.script_calls.journal import CallJournal, Journal
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_calls.types import ServedScript
from aiwebengine.script_routes.active import ActiveScripts
from aiwebengine.script_routes.endpoint import ScriptRoutes, Settings
from aiwebengine.script_routes.runs import ScriptRuns, Serving, no_route
from aiwebengine.script_routes.visitors import RunVisitor, Visitors
from aiwebengine.script_trials.processes import Serving as TrialServing
from aiwebengine.script_trials.recording import FailureLog
from aiwebengine.scripts.log_types import NewLogLine
from aiwebengine.scripts.records import ScriptSettings
from aiwebengine.scripts.service import Scripts
from aiwebengine.sessions.script_sessions import ScriptSessions

if TYPE_CHECKING:
    from aiwebengine.app.services import Services

log = logging.getLogger(__name__)

# A change is announced at once; what was missed is seen after so long.
REFRESH_SECS = 30.0
RETRY_SECS = 1.0


class Scripting:
    """Serves scripts, and keeps what is served equal to the database."""

    def __init__(
        self,
        config: Config,
        scripts: Scripts,
        runs: ScriptRuns,
        runtimes: InstanceRuntimes,
        answered: Callable[[str, int, float], None],
        visitors: ScriptSessions,
        db: Database,
        services: Services,
        authenticator: Callable[[], Authenticator],
        database_url: str,
        live: AuditEventBus,
    ) -> None:
        self._config = config
        self._scripts = scripts
        self._visitors = visitors
        self._engine_visitors = EngineVisitors(authenticator, scripts.roles_of_user)
        self._files = AssetResponses(services.script_assets)
        self._runtimes = runtimes
        self._changed = asyncio.Event()
        self.active = ActiveScripts(scripts, runtimes)
        redactor = services.script_secrets.redactor

        async def write_log(lines: Sequence[NewLogLine]) -> None:
            await scripts.write_log(await redactor.lines(lines))

        self.activity = ActivityCounter(scripts.add_activity)
        self.journal = CallJournal(write_log, answered, self.activity, scripts.suspend_for_crashes)
        self.operations = Operations()
        self.invocations = Invocations(self.operations, db)
        self.caller = ScriptCaller(self.active, runtimes, self.journal, self.invocations)
        self.connections = ScriptConnections(
            config, database_url, db, self.active, self.caller, self.operations, live
        )
        features = self._features = Features(
            config,
            db,
            services,
            self.operations,
            self.journal,
            lambda: self.caller,
            self.connections.broadcast,
        )
        self.work = ScriptWork(db, self.caller, self.operations, services.script_databases)
        features.steps.extend(self.work.steps)
        self.fields = ScriptFields(
            config,
            db,
            self.active,
            lambda: self.caller,
            self.connections.broadcast,
            scripts.roles_of_user,
        )
        self.fields.add_operations(self.operations)
        add_features(features)
        features.steps.append(self.fields.step)
        self.failures = FailureLog(services.script_failures.store, redactor.texts)
        services.script_failures.rerun = runs.run
        services.script_trials.serving = TrialServing(
            runtimes, self.invocations, self.journal, redactor.texts
        )
        scripts.inits = CountedInits(db, self.invocations)
        scripts.steps += features.steps
        self.active.on_switch += features.on_switch
        runtimes.on_load(self._answers_of_load)
        scripts.on_change = self._serve_what_is_new
        url = config.server.scripts_url or config.server.public_url
        runs.serving = Serving(self.active, self.journal, self._run_routes, url, redactor.texts)

    def middleware(self) -> Middleware:
        """What answers requests by scripts."""
        return Middleware(
            self._routes,
            self.journal,
            note_failure=self.failures.note,
            engine_visitors=self._engine_visitors,
        )

    def _run_routes(self, journal: Journal, visitor: RunVisitor, is_trial: bool) -> ScriptRoutes:
        return self._routes(no_route, journal, is_trial, run_visitor=visitor)

    def _routes(
        self,
        app: ASGIApp,
        journal: Journal,
        is_trial: bool = False,
        note_failure: Callable[[ServedScript, Scope, bytes | None, str], None] | None = None,
        # A run that somebody starts has this visitor, whatever headers it sends.
        run_visitor: RunVisitor | None = None,
        engine_visitors: EngineVisitors | None = None,
    ) -> ScriptRoutes:
        security = self._config.security
        api_key = security.api_key.get_secret_value() if security.api_key else None
        return ScriptRoutes(
            app,
            scripts=self.active,
            runtimes=self._runtimes,
            journal=journal,
            invocations=self.invocations,
            connections=self.connections,
            settings=Settings(
                security.max_request_body_bytes,
                self._config.server.public_name,
                self._config.server.scripts_name,
                api_key,
                self.known_visitors(),
                engine_visitors,
                run_visitor,
                self._files,
                note_failure,
                is_trial,
                EVERYWHERE,
            ),
        )

    def known_visitors(self) -> Visitors | None:
        """Who visits the scripts host; None without one."""
        server = self._config.server
        if server.scripts_name is None:
            return None
        return Visitors(
            server.scripts_name, server.public_url, self._visitors.accept, self._visitors.user_of
        )

    def _answers_of_load(self, program: Program) -> LoadAnswers:
        """What a script is answered that asks in its `init()` here, where it only starts again."""
        script = self.active.running(program)
        return NoAnswers() if script is None else self.invocations.of_load(script.ref)

    def observe(self, action: AuditAction | None) -> None:
        """Look whether scripts have changed; None: any action may have been missed."""
        if action is None:
            # As after a restore, whose scripts may be others under later numbers.
            self.active.distrust()
        if action is None or action.name.startswith("SCRIPT_"):
            self._changed.set()

    async def run(self) -> None:
        """Serve what the database says, until cancelled."""
        await asyncio.gather(
            self._follow(),
            self.journal.run(),
            self.activity.run(),
            self.failures.run(),
            self.work.run(),
            self.connections.run(),
        )

    async def remove_unused_files(self) -> None:
        """Remove the files on disk of versions that are no longer served. Raises Unavailable."""
        in_use = [Path(one.program.folder) for one in self.active.scripts]
        await self._scripts.remove_unused_trees(in_use)

    async def stop(self) -> None:
        """Store what was logged; end the processes that this one started."""
        await self.work.stop()
        await self._runtimes.stop()
        await self.invocations.stop()
        for stop in self._features.at_stop:
            await stop()
        await self.journal.stop()
        await self.activity.stop()

    async def _follow(self) -> None:
        while True:
            self._changed.clear()
            pause = REFRESH_SECS
            try:
                await self.active.refresh()
                await self.fields.refresh()
            except Unavailable:
                # The previous versions continue to be served.
                log.debug("scripts.postponed")
                pause = RETRY_SECS
            except Exception:
                log.exception("scripts.refresh_bug")
            try:
                async with asyncio.timeout(pause):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _serve_what_is_new(self) -> None:
        """Serve a changed script in this process before its author gets the response."""
        try:
            await self.active.refresh()
            await self.fields.refresh()
        except Unavailable:
            self._changed.set()


def script_settings(config: Config) -> ScriptSettings:
    """What the configuration says about scripts."""
    wanted = config.scripts
    return ScriptSettings(
        defaults=Limits(
            call_timeout_secs=wanted.call_timeout_secs,
            load_timeout_secs=wanted.load_timeout_secs,
            heap_mb=wanted.heap_mb,
            resident_mb=wanted.resident_mb,
            answer_max_bytes=wanted.answer_max_bytes,
            idle_secs=wanted.idle_secs,
        ),
        engine_host=config.server.public_name,
        scripts_host=config.server.scripts_name,
    )
