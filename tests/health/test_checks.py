"""What each check sees of a real fault."""

import asyncio
import errno
import os
import socket
import ssl
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from tests.conftest import free_port, listening
from tests.health.certificates import certificate_of

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Repository, Server
from aiwebengine.core.errors import Forbidden
from aiwebengine.core.identity import operator
from aiwebengine.database import Database
from aiwebengine.health import checks, network
from aiwebengine.health.directories import Directories, Thresholds
from aiwebengine.health.service import Health
from aiwebengine.health.types import Check, HealthState, failing, ok, warning

ROOT = operator("root")
OK, WARNING, FAILING, UNKNOWN = (
    HealthState.OK,
    HealthState.WARNING,
    HealthState.FAILING,
    HealthState.UNKNOWN,
)
FINE = ok("fine")


async def by_name(health):
    return {one.name: one for one in await health.look()}


def counted(finding=FINE, *, name="counted", **options):
    """A check that sees this, and how often it looked."""
    seen = []

    async def see():
        seen.append(1)
        return finding

    return Check(name, "Counted", see, "Fix it.", **options), seen


QUERY = "{ healthChecks { name title state detail since checkedAt remedy } }"


async def test_a_healthy_engine_has_only_healthy_checks(engine, ada, ask):
    found = (await ask(ada, QUERY))["data"]["healthChecks"]

    states = {one["name"]: one["state"] for one in found}
    assert states["database"] == "OK"
    assert states["migrations"] == "OK"
    assert states["clock"] == "OK"
    assert states["backup"] == "UNKNOWN"
    assert {"disk.data", "disk.logs", "disk.backups"} < states.keys()
    assert {"writable.logs", "writable.backups", "event_loop"} < states.keys()
    assert all(one["remedy"] is None for one in found if one["state"] == "OK")


async def test_only_administrators_see_the_checks(engine, edith):
    with pytest.raises(Forbidden):
        await engine.services.health.checks(edith)


async def test_pending_migrations_are_named(engine):
    await engine.db.execute("delete from migration_checksums where migration_id like '0002%'")

    found = await checks.migrations(engine.db).see()

    assert found.state is FAILING
    assert found.detail == "1 migration pending: 0002.create-sign-in."


async def test_a_role_that_is_a_superuser_is_a_warning(engine, server, url):
    found = await checks.role(engine.db).see()
    superuser = Database(server.as_superuser(url.split("?")[0].rpartition("/")[2]))
    await superuser.connect()
    warned = await checks.role(superuser).see()
    await superuser.disconnect()

    assert found.state is OK
    assert warned.state is WARNING


@pytest.mark.parametrize(
    ("thresholds", "state"),
    [
        (Thresholds(0, 0, 0), OK),
        (Thresholds(100, 0, 0), WARNING),
        (Thresholds(100, 100, 0), FAILING),
        (Thresholds(0, 0, 2**60, 0), FAILING),
        (Thresholds(0, 0, 2**60, 2**60), OK),
    ],
)
async def test_little_free_space_is_reported(tmp_path, thresholds, state):
    found = (
        await Directories(thresholds).space("disk", "Disk", tmp_path / "later", "Free it.").see()
    )

    assert found.state is state
    assert "free" in found.detail


async def test_a_directory_is_really_written_to(tmp_path):
    directories = Directories()
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    async def seen(path):
        return await directories.writable("w", "Writable", path, "Fix it.").see()

    assert (await seen(tmp_path)).state is OK
    assert (await seen(tmp_path / "later" / "still")).state is OK
    assert (await seen(blocked)).state is FAILING
    assert (await seen(blocked / "below")).state is FAILING
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


@pytest.mark.parametrize(
    ("figures", "state"), [((1_000, 49), OK), ((1_000, 51), FAILING), ((10, 10), OK), ((0, 0), OK)]
)
async def test_a_high_error_rate_is_reported(figures, state):
    async def rate(minutes):
        assert minutes == 7
        return figures

    assert (await checks.errors(rate, 5, 7).see()).state is state


async def test_different_clocks_are_reported(engine):
    await engine.db.execute("create schema elsewhere")
    await engine.db.execute(
        "create function elsewhere.clock_timestamp() returns timestamptz language sql"
        " as 'select pg_catalog.clock_timestamp() - interval ''40 seconds'''"
    )
    async with engine.db.transaction():
        await engine.db.execute("set local search_path = elsewhere, public, pg_catalog")
        found = await checks.clock(engine.db).see()

    assert found.state is FAILING
    assert "differ by 40 s" in found.detail
    assert (await checks.clock(engine.db).see()).state is OK


async def test_a_blocked_event_loop_is_reported():
    looking = asyncio.create_task(checks.event_loop().see())
    await asyncio.sleep(0)
    time.sleep(0.8)  # noqa: ASYNC251 - that is the fault

    found = await looking

    assert found.state is WARNING


@pytest.mark.parametrize(
    ("lasts", "state"),
    [
        (timedelta(days=60), OK),
        (timedelta(days=9), WARNING),
        (timedelta(hours=-1), FAILING),
    ],
)
async def test_an_expiring_certificate_is_reported_in_time(tmp_path, lasts, state):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_of("localhost", tmp_path, lasts))
    server = await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context
    )
    port = server.sockets[0].getsockname()[1]

    found = await network.certificate(f"https://localhost:{port}").see()
    server.close()

    assert found.state is state


async def test_an_address_that_does_not_speak_tls_is_unknown():
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    found = await network.certificate(f"https://localhost:{port}").see()
    server.close()

    assert found.state is UNKNOWN


async def test_an_unreachable_provider_is_reported():
    port, status = free_port(), 200

    async def answer(_):
        return Response(status_code=status)

    check = network.provider("team", "Team", f"http://127.0.0.1:{port}/.well-known")
    async with listening(Starlette(routes=[Route("/.well-known", answer)]), port):
        well = await check.see()
        status = 500
        broken = await check.see()
    gone = await check.see()

    assert (well.state, broken.state, gone.state) == (OK, FAILING, FAILING)
    assert "returned 500" in broken.detail


def test_each_configured_provider_and_the_certificate_are_looked_at(url, tmp_path):
    providers = {
        "github": {"client_id": "x", "client_secret": "x"},
        "team": {"client_id": "x", "issuer": "https://id.example.com/realms/team"},
    }
    config = Config(
        server=Server(base_url="https://engine.example.com"),
        repository=Repository(data_dir=tmp_path),
        auth={"providers": providers},
    )
    names = {one.check.name for one in Engine(config, url).services.health._others}

    assert {"certificate", "provider.github", "provider.team"} < names
    assert "workers" not in names


async def test_a_check_that_hangs_is_begun_once_and_its_late_answer_counts(engine):
    begun, answered = [], asyncio.Event()

    async def see():
        begun.append(1)
        await answered.wait()
        return ok("late")

    health = Health(engine.db, "one", [Check("slow", "Slow", see, "Fix it.", limit_secs=0.1)])
    seen = [(await by_name(health))["slow"] for _ in range(3)]
    answered.set()
    found = (await by_name(health))["slow"]

    assert [one.state for one in seen] == [UNKNOWN] * 3
    assert len(begun) == 1
    assert (found.state, found.detail) == (OK, "late")


async def test_a_first_look_that_takes_long_shows_as_unknown_and_not_as_missing(
    engine, monkeypatch
):
    monkeypatch.setattr("aiwebengine.health.service.PATIENCE_SECS", 0.1)
    health = Health(engine.db, "one", [Check("slow", "Slow", asyncio.Event().wait, "Fix it.")])

    found = (await by_name(health))["slow"]
    health.stop()

    assert (found.state, found.times) == (UNKNOWN, 0)


async def test_a_disk_that_hangs_leaves_other_disks_visible(tmp_path, monkeypatch, engine):
    answered = threading.Event()
    directories = Directories()
    hanging = directories._check("hangs", "Hangs", "", "", lambda: (answered.wait(), FINE)[1])
    hanging = replace(hanging, limit_secs=0.1)
    health = Health(
        engine.db, "one", [hanging, directories.writable("fine", "Fine", tmp_path, "Fix it.")]
    )
    monkeypatch.setattr("aiwebengine.health.service.AGAIN_SECS", 0.0)

    for _ in range(6):
        seen = await by_name(health)
    threads = [one for one in threading.enumerate() if one.name == "health hangs"]
    answered.set()
    health.stop()

    assert (seen["hangs"].state, seen["fine"].state) == (UNKNOWN, OK)
    assert len(threads) == 1
    assert threads[0].daemon


async def test_a_disk_that_refuses_a_look_is_unknown(tmp_path):
    def refuses():
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    found = await Directories()._check("disk", "Disk", "", "", refuses).see()

    assert (found.state, found.detail) == (UNKNOWN, "The check failed: Input/output error.")


async def test_a_provider_whose_name_is_not_found_or_that_hangs_is_unknown(monkeypatch):
    monkeypatch.setattr(network, "NETWORK_LIMIT_SECS", 0.3)
    # Connections wait to be accepted, which nobody does.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        hanging = await network.provider("team", "Team", f"http://127.0.0.1:{port}/").see()
    unknown_name = await network.provider("team", "Team", "http://nowhere.invalid/").see()

    assert (hanging.state, unknown_name.state) == (UNKNOWN, UNKNOWN)
    assert "did not answer within" in hanging.detail
    assert "is not reachable from here" in unknown_name.detail


async def test_a_check_that_fails_or_hangs_concerns_nobody_else(engine):
    async def breaks():
        raise RuntimeError("a bug")

    async def hangs():
        await asyncio.sleep(3_600)

    good, _ = counted()
    health = Health(
        engine.db,
        "one",
        [
            Check("breaks", "Breaks", breaks, "Fix it."),
            Check("hangs", "Hangs", hangs, "Fix it.", limit_secs=0.2),
            good,
        ],
    )

    found = await by_name(health)

    assert found["breaks"].state is UNKNOWN
    assert "RuntimeError" in found["breaks"].detail
    assert (found["hangs"].state, found["hangs"].detail) == (UNKNOWN, "No answer within 0.2 s.")
    assert found["counted"].state is OK
    assert found["database"].state is OK


async def test_many_who_look_make_one_look(engine):
    check, seen = counted()
    health = Health(engine.db, "one", [check])

    await asyncio.gather(*(health.checks(ROOT) for _ in range(50)))
    await health.checks(ROOT)

    assert len(seen) == 1


async def test_an_infrequent_check_is_repeated_soon_while_it_fails(engine, monkeypatch):
    monkeypatch.setattr("aiwebengine.health.service.AGAIN_SECS", 0.0)
    well, seen_well = counted(every_secs=3_600)
    ill, seen_ill = counted(failing("broken"), name="ill", every_secs=3_600)
    health = Health(engine.db, "one", [well, ill])

    for _ in range(3):
        await health.look()

    assert (len(seen_well), len(seen_ill)) == (1, 3)


async def test_workers_agree_since_when_and_a_restart_does_not_forget(engine, monkeypatch):
    check, _ = counted(warning("low"))
    first = (await by_name(Health(engine.db, "one", [check])))["counted"]
    await engine.db.execute("update health_states set since = since - interval '3 days'")

    again = (await by_name(Health(engine.db, "one", [check])))["counted"]
    elsewhere = (await by_name(Health(engine.db, "two", [check])))["counted"]
    slow = Check("counted", "Counted", asyncio.Event().wait, "Fix it.", limit_secs=0.3)
    monkeypatch.setattr("aiwebengine.health.service.PATIENCE_SECS", 0.1)
    late = Health(engine.db, "one", [slow])
    await late.look()
    await asyncio.sleep(0.4)
    await engine.db.execute("update health_states set state = 'unknown' where name = 'counted'")

    assert (await by_name(late))["counted"].since == again.since
    assert again.since == first.since - timedelta(days=3)
    assert elsewhere.since >= first.since


async def test_a_change_begins_a_new_count(engine):
    finding = ok("fine")

    async def see():
        return finding

    health = Health(engine.db, "one", [Check("x", "X", see, "Fix it.")])
    before = (await by_name(health))["x"]
    await health.look()
    finding = failing("broken")

    broken = (await by_name(health))["x"]

    assert (broken.state, broken.times, broken.remedy) == (FAILING, 1, "Fix it.")
    assert broken.since > before.since


async def test_instances_that_are_gone_are_forgotten(engine):
    check, _ = counted()
    for name in ("one", "gone"):
        await Health(engine.db, name, [check]).look()
    await engine.db.execute("update health_states set seen_at = seen_at - interval '8 days'")

    await Health(engine.db, "one").tidy()

    rows = await engine.db.all("select distinct instance from health_states")
    assert [row["instance"] for row in rows] == ["one"]


async def test_what_needs_the_database_is_unknown_without_it(tmp_path):
    config = Config(repository=Repository(data_dir=tmp_path))
    health = Engine(config, "postgresql://nobody@127.0.0.1:9/none").services.health

    found = {one.name: one for one in await health.checks(ROOT)}

    assert found["database"].state is FAILING
    assert found["migrations"].state is UNKNOWN
    assert found["clock"].state is UNKNOWN
    assert found["disk.data"].state is not UNKNOWN
    assert found["event_loop"].checked_at > datetime.now(UTC) - timedelta(minutes=1)


async def test_a_database_without_tables_has_every_migration_pending(server, tmp_path):
    server.run("create database without_tables")
    config = Config(repository=Repository(data_dir=tmp_path))
    engine = Engine(config, server.database("without_tables"))
    await engine.db.connect()
    try:
        found = {one.name: one for one in await engine.services.health.checks(ROOT)}
    finally:
        await engine.db.disconnect()
        server.run("drop database without_tables")

    assert found["database"].state is OK
    assert found["migrations"].state is FAILING
    assert "0001.create-users" in found["migrations"].detail
