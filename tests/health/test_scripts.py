"""The check of scripts: whether they can run, and whether what is served is what should be."""

import time

import pytest
from tests.conftest import configured
from tests.scripts_engine.sources import serving, tree

from aiwebengine.app.engine import Engine
from aiwebengine.core.config_scripts import Scripts as ScriptSettings
from aiwebengine.core.identity import operator
from aiwebengine.health.scripts import runs
from aiwebengine.health.types import HealthState
from aiwebengine.runtimes import deno, instance
from aiwebengine.runtimes.instance import InstanceRuntimes
from aiwebengine.runtimes.pool import Budget
from aiwebengine.runtimes.types import Lost, Reason

ROOT = operator("tests")


async def seen(engine):
    """What the engine's own check finds now."""
    (check,) = [one.check for one in engine.services.health._others if one.check.name == "scripts"]
    return await check.see()


async def test_scripts_can_run_and_no_supervisor_is_started_to_know_that(engine):
    found = await seen(engine)

    assert (found.state, found.detail) == (HealthState.OK, "Scripts can run.")
    assert engine.runtimes._client is None


@pytest.fixture
def broken_deno(tmp_path, monkeypatch):
    """A program that ends as Deno does where memory can't be executable."""
    program = tmp_path / "deno"
    program.write_text(
        "#!/bin/sh\necho >>"
        f" {tmp_path}/starts\necho '# Fatal error: mprotect: permission denied' >&2\nexit 133\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(deno, "_binary", lambda: str(program))
    return program


async def test_a_machine_that_can_not_run_them_fails_with_the_reason(broken_deno):
    runtimes = InstanceRuntimes(Budget())

    found = await runs(runtimes.problem, dict, tuple).see()

    assert found.state is HealthState.FAILING
    assert "mprotect: permission denied (status 133)" in found.detail


async def test_a_problem_is_looked_for_once_a_minute_and_its_end_is_noticed(
    broken_deno, tmp_path, monkeypatch
):
    runtimes = InstanceRuntimes(Budget())
    for _ in range(3):
        assert await runtimes.problem() is not None
    starts = (tmp_path / "starts").read_text().count("\n")
    broken_deno.write_text("#!/bin/sh\nexit 0\n")
    monkeypatch.setattr(instance, "PROBE_EVERY_SECS", 0.0)
    runtimes._probe_until = time.monotonic()

    # With V8's compiler, and without.
    assert starts == 2
    assert await runtimes.problem() is None


async def test_a_missing_program_is_named(monkeypatch):
    monkeypatch.setattr(deno, "_binary", lambda: None)

    found = await runs(InstanceRuntimes(Budget()).problem, dict, tuple).see()

    assert found.state is HealthState.FAILING
    assert found.detail.startswith("Deno is not installed.")


async def test_a_suspended_script_is_a_warning_until_it_is_resumed(engine):
    scripts = engine.services.scripts
    await scripts.put(ROOT, "hello", serving("GET /hello"))
    await engine.scripting.active.refresh()
    await scripts.suspend(ROOT, "hello", "it fails")
    await engine.scripting.active.refresh()
    suspended = await seen(engine)
    await scripts.resume(ROOT, "hello")
    await engine.scripting.active.refresh()
    resumed = await seen(engine)

    assert suspended.state is HealthState.WARNING
    assert suspended.detail == "1 suspended script: hello."
    assert "scripts resume" in suspended.remedy
    assert resumed.state is HealthState.OK


async def test_an_older_version_is_a_warning_until_its_owner_goes_back_to_it(engine, tmp_path, url):
    services, active = engine.services, engine.scripting.active
    await services.scripts.put(ROOT, "hello", serving("GET /hello"))
    await active.refresh()
    (script,) = active.scripts
    await active.prepare(script)
    # Another instance deploys what does not start on this one: its runtime ends.
    other = Engine(configured(tmp_path), url)
    await other.prepare()
    await other.services.scripts.put(ROOT, "hello", tree('export const routes = {"GET /new": 1};'))
    runtimes, active._runtimes = active._runtimes, Ending()
    await active.refresh()
    behind = await seen(engine)
    await other.services.scripts.roll_back(ROOT, "hello")
    await active.refresh()
    again = await seen(engine)
    active._runtimes = runtimes
    await other.runtimes.stop()
    await other.db.disconnect()

    assert behind.state is HealthState.WARNING
    assert "1 script still served in an older version: hello. hello: it ends here" in behind.detail
    assert again.state is HealthState.OK


class Ending:
    """Runtimes in which nothing starts."""

    async def load(self, program, *, keep):
        raise Lost(Reason.MEMORY, "it ends here")

    async def retire(self, program):
        pass


def test_without_scripts_there_is_no_check(tmp_path, url):
    settings = ScriptSettings(enabled=False)
    engine = Engine(configured(tmp_path).model_copy(update={"scripts": settings}), url)

    assert "scripts" not in {one.check.name for one in engine.services.health._others}
    assert engine.exposition.scripts is None
