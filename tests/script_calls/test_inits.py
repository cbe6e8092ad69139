"""What `init()` writes counts once: when its version is deployed."""

import pytest
from tests.runtimes.hosting import until

from aiwebengine.core.errors import Conflict
from aiwebengine.script_calls.types import Kind
from aiwebengine.scripts.activation import ActivationStep
from aiwebengine.scripts.errors import NotLoadable
from aiwebengine.scripts.files import tree_of
from aiwebengine.scripts.types import Diagnostic, Severity


def classic(text, after=""):
    return f"""
    function get() {{ return host.askNow("notes.count", []).value + "{text}"; }}
    function init() {{
      routeRegistry.registerRoute("/one", "get", "GET");
      host.askNow("notes.add", ["{text}"]);
      {after}
    }}
    """


@pytest.fixture
def scripts(engine):
    return engine.services.scripts


async def test_a_deployment_writes_once(scripts, deploy, notes, edith):
    await deploy(classic("a"))
    assert await notes() == ["a"]

    # The same files again, and the active version again, change nothing.
    await deploy(classic("a"))
    await scripts.deploy(edith, "one")
    assert await notes() == ["a"]

    await deploy(classic("b"))
    assert await notes() == ["a", "b"]


async def test_a_check_writes_nothing(scripts, deploy, notes, edith):
    await scripts.check_files(edith, "new", tree_of({"main.js": classic("x").encode()}))
    await deploy(classic("a"))
    await scripts.check_files(edith, "one", tree_of({"main.js": classic("y").encode()}))
    await scripts.check(edith, "one", 1)

    assert await notes() == ["a"]
    assert await scripts.find(edith, "new") is None


async def test_a_restart_writes_nothing(scripting, deploy, notes, host):
    await deploy(classic("a"))
    served = scripting.active.served("one")

    async def is_ended():
        found = (await host.client.status()).processes
        return all(one.key != served.program.key for one in found)

    await scripting._runtimes.retire(served.program)
    await until(is_ended)
    head = {"method": "GET", "url": "http://test/", "path": "/", "headers": [], "params": {}}
    async with scripting.caller.open("one", Kind.HTTP, "get", head) as call:
        assert call.answer.body == b"1a"

    assert await notes() == ["a"]


async def test_a_version_that_can_not_be_loaded_writes_nothing(deploy, notes, scripts, edith):
    with pytest.raises(NotLoadable, match="no luck"):
        await deploy(classic("a", 'throw new Error("no luck");'))

    assert await notes() == []
    assert await scripts.find(edith, "one") is None


class Refusing(ActivationStep):
    async def activate(self, activation):
        raise Conflict(f"Not version {activation.version}.")


async def test_a_step_that_refuses_undoes_init(deploy, notes, scripts, edith):
    scripts.steps.append(Refusing())

    with pytest.raises(Conflict, match="Not version 1"):
        await deploy(classic("a"))

    assert await notes() == []
    assert await scripts.find(edith, "one") is None
    scripts.steps.clear()
    await deploy(classic("a"))
    assert await notes() == ["a"]


class Recording(ActivationStep):
    def __init__(self):
        self.seen = []
        self.problems = []

    async def check(self, offered):
        self.seen.append(("check", offered.slug, sorted(await offered.files())))
        return self.problems

    async def activate(self, activation):
        kinds = [one["kind"] for one in activation.registrations]
        self.seen.append(("activate", activation.version, activation.previous_version, kinds))

    async def deleted(self, script_id):
        self.seen.append(("deleted", script_id))

    async def purged(self, script_id):
        self.seen.append(("purged", script_id))


async def test_steps_see_checks_deployments_and_removals(engine, deploy, notes, scripts, edith):
    step = Recording()
    scripts.steps.append(step)

    first = await deploy(classic("a"))
    await deploy(classic("b"))
    step.problems = [Diagnostic(severity=Severity.ERROR, message="Not like this.")]
    with pytest.raises(NotLoadable, match="Not like this"):
        await deploy(classic("c"))
    await scripts.delete(edith, "one")
    await engine.db.execute("update scripts set deleted_at = now() - interval '31 days'")
    assert (await scripts.remove_old())[0] == 1

    check = ("check", "one", ["main.js"])
    assert step.seen == [
        check,
        ("activate", 1, None, ["route"]),
        check,
        ("activate", 2, 1, ["route"]),
        check,
        ("deleted", first.script.key),
        ("purged", first.script.key),
    ]
    assert await notes() == ["a", "b"]


async def test_a_switch_is_reported_with_the_registrations(scripting, deploy, notes):
    seen = []
    scripting.active.on_switch.append(
        lambda ids: seen.append([scripting.active.served(one).registrations for one in ids])
    )

    await deploy(classic("a"))

    assert [[one["kind"] for one in some] for [some] in seen] == [["route"]]
