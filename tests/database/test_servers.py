"""Each supported major version of PostgreSQL works end to end, and others are refused."""

import os
import signal
import subprocess
import sys

import psutil
import psycopg
import pytest
from tests import commands
from tests.conftest import adder, configured, wait_for
from tests.servers import packaged, running

from aiwebengine.app.engine import Engine
from aiwebengine.audit.types import AuditFilter
from aiwebengine.backups import rights
from aiwebengine.backups.types import BackupRunState
from aiwebengine.core.identity import Role, operator
from aiwebengine.database import versions
from aiwebengine.users.types import UserFilter

MAJORS = range(versions.OLDEST, versions.NEWEST + 1)
EMAILS = "select email from users order by email"


@pytest.mark.servers
@pytest.mark.parametrize("major", MAJORS)
async def test_an_engine_works_end_to_end_on(major, server, tmp_path):
    root = operator("root")
    with running(packaged(major)) as old:
        assert old.major == major
        with psycopg.connect(old.as_superuser("aiwebengine"), autocommit=True) as connection:
            connection.execute("create extension pg_trgm")
            connection.execute("create role only_there")
            # A limit of the operator's own keeps no backup from its end.
            for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
                connection.execute(f"alter role aiwebengine set {name} = '60s'")
        engine = Engine(configured(tmp_path), old.url)
        await engine.prepare()
        try:
            ada = await adder(engine)("ada", Role.ADMINISTRATOR)
            with psycopg.connect(old.as_superuser("aiwebengine"), autocommit=True) as connection:
                connection.execute("grant select on users to only_there")
            services = engine.services
            made = await services.backups.create(root)
            drilled = await services.backups.drill(root)
            await adder(engine)("later")
            done = await services.backups.restore(root, made.name)
            target = f"from_{major}"
            server.run(f"create database {target}")
            old.run("create database another")
            newest = server.database(target)
            for url in (newest, old.database("another")):
                await services.backups.restore_into(root, made.name, url)
                with psycopg.connect(url) as connection:
                    assert connection.execute(EMAILS).fetchall() == [("ada@example.com",)]
            found = await services.users.count(ada, UserFilter(search="ada"))
            events = await services.audit.page(ada, AuditFilter(search="ada"), None, 10)
            board = await services.maintenance.board(ada)
            thinned = await services.telemetry.thin_out()
        finally:
            await engine.db.disconnect()
        # And downward: what the newest server wrote is restored on this one.
        old.run("create database down")
        above = Engine(configured(tmp_path / "above"), newest)
        await above.prepare()
        try:
            upper = await above.services.backups.create(root)
            await above.services.backups.restore_into(root, upper.name, old.database("down"))
            with psycopg.connect(old.database("down")) as connection:
                assert connection.execute(EMAILS).fetchall() == [("ada@example.com",)]
        finally:
            await above.db.disconnect()

    assert drilled.state is BackupRunState.SUCCEEDED, drilled.problem
    assert "extension pg_trgm" in done.not_restored
    assert "GRANT SELECT ON TABLE public.users TO only_there" in done.not_restored
    assert found == 1
    assert events
    assert board
    assert thinned is None


@pytest.fixture(scope="module")
def too_old():
    with running(packaged(12)) as server:
        yield server


@pytest.mark.servers
@pytest.mark.parametrize(
    "arguments",
    [
        ("check-config",),
        ("serve",),
        ("migrate", "up"),
        ("migrate", "status"),
        ("users", "list"),
        ("backup", "create"),
        ("db", "size"),
    ],
    ids=" ".join,
)
def test_a_server_that_is_too_old_is_refused_with_its_version(too_old, tmp_path, arguments):
    environ = {**os.environ, "APP_REPOSITORY__DATABASE_URL": too_old.url, "APP_SERVER__PORT": "0"}

    done = commands.run(*arguments, cwd=tmp_path, env=environ)

    assert done.returncode == 1
    assert "PostgreSQL 12 is not supported; use 13 to 18." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.servers
def test_a_restore_is_refused_on_a_server_that_is_too_old_before_it_begins(too_old):
    with pytest.raises(versions.UnsupportedServer, match="PostgreSQL 12 is not supported"):
        rights.must_be_enough(too_old.url)


def test_check_config_says_when_it_could_not_look_at_the_server(tmp_path):
    url = f"postgresql://nobody@/nowhere?host={tmp_path}"
    environ = {**os.environ, "APP_REPOSITORY__DATABASE_URL": url}

    done = commands.run("check-config", cwd=tmp_path, env=environ)

    assert done.returncode == 0
    assert "Can't check the PostgreSQL version" in done.stderr


def test_a_server_that_is_newer_than_tested_is_a_warning(url, tmp_path, monkeypatch):
    monkeypatch.setattr(versions, "NEWEST", 17)
    versions.must_be_supported(versions.server_version(url))

    assert "PostgreSQL 18 is newer" in versions.warning_of(180_000)
    assert versions.warning_of(170_010) is None


def test_what_a_killed_test_run_started_is_ended(tmp_path):
    begin = (
        "import subprocess, sys, time\n"
        "from tests.watcher import watched\n"
        "with watched():\n"
        "    child = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        "    print(child.pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", begin],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    child = int(run.stdout.readline())

    run.send_signal(signal.SIGKILL)
    run.wait(30)
    run.stdout.close()

    wait_for(lambda: not is_running(child))


def is_running(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
