"""`aiwebengine serve` is ended at each step of its first start: the next one prints the banner."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from uuid import uuid4

import httpx2
import psutil
import psycopg
import pytest
from tests.conftest import wait_for
from tests.freezing import postgres_in

from aiwebengine.database.embedded import NoDatabase, NotRunning, running_postgres

pytestmark = pytest.mark.slow

MARK = "AIWEBENGINE_FIRST_START"


class FirstStart:
    """A data folder, and engines that are started with it."""

    def __init__(self, folder):
        self.folder = folder
        self.data = folder / "data"
        self.mark = uuid4().hex
        self.engines = []

    def start(self):
        """Start an engine as `make run` does, in a process group of its own."""
        output = self.folder / f"output{len(self.engines)}"
        with output.open("w") as log:
            engine = subprocess.Popen(
                [sys.executable, "-m", "aiwebengine", "serve"],
                cwd=self.folder,
                env={**os.environ, "APP_SERVER__PORT": "0", MARK: self.mark},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )
        self.engines.append(engine)
        return engine, output

    def processes(self):
        """All processes that the engines have started and that still run."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                is_ours = process.environ().get(MARK) == self.mark
                if is_ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def kill_all(self):
        for process in self.processes():
            with suppress(psutil.Error):
                process.kill()

    def migrations(self):
        """The number of migrations that are applied; 0 while the database does not answer."""
        with suppress(NoDatabase, NotRunning, psycopg.Error):
            with psycopg.connect(running_postgres(self.data), connect_timeout=5) as connection:
                query = "select count(*) from migration_checksums"
                return connection.execute(query).fetchone()[0]
        return 0


@pytest.fixture
def first(tmp_path):
    first = FirstStart(tmp_path)
    yield first
    first.kill_all()
    for engine in first.engines:
        engine.wait(60)


def initdb_has_begun(first, _):
    return [*first.data.glob("postgres*/PG_VERSION")]


def template_is_made(first, _):
    return [*first.data.glob("postgres*/base/4")]


def server_has_begun(first, _):
    return (first.data / "postgres" / "postmaster.pid").exists()


def migrations_have_begun(first, _):
    return first.migrations()


def banner_is_printed(_, output):
    return "Health" in output.read_text()


STEPS = [
    initdb_has_begun,
    template_is_made,
    server_has_begun,
    migrations_have_begun,
    banner_is_printed,
]
ENDINGS = {
    "SIGTERM to the engine": lambda first, engine: engine.terminate(),
    "SIGTERM to the group": lambda first, engine: os.killpg(engine.pid, signal.SIGTERM),
    "SIGINT to the group": lambda first, engine: os.killpg(engine.pid, signal.SIGINT),
    "SIGKILL to the engine": lambda first, engine: engine.kill(),
    "SIGKILL to the group": lambda first, engine: os.killpg(engine.pid, signal.SIGKILL),
    "SIGKILL to all": lambda first, engine: first.kill_all(),
}
# Each ending at the step where it does most, and each step with the two that do most.
CASES = [
    *((initdb_has_begun, ending) for ending in ENDINGS),
    *(
        (step, ending)
        for step in STEPS[1:]
        for ending in ("SIGTERM to the group", "SIGKILL to all")
    ),
]


@pytest.mark.parametrize(("step", "ending"), CASES, ids=lambda one: getattr(one, "__name__", one))
def test_the_start_after_an_interrupted_one_succeeds(first, step, ending):
    engine, output = first.start()
    while not step(first, output):
        assert engine.poll() is None, output.read_text()
    ENDINGS[ending](first, engine)

    # At once, as somebody does who gets the prompt back.
    again, output = first.start()
    wait_for(lambda: banner_is_printed(first, output) or again.poll() is not None, 240)

    address = re.search(r"Health +(\S+)", output.read_text())
    assert address, output.read_text()
    assert "/auth/link?" in output.read_text()
    assert httpx2.get(address[1]).status_code == 200
    engine.wait(120)
    again.terminate()
    assert again.wait(120) == 0
    assert "Traceback" not in output.read_text()
    wait_for(lambda: not first.processes(), 60)


def test_the_start_after_that_of_a_killed_server_has_the_same_database(first):
    engine, output = first.start()
    wait_for(lambda: banner_is_printed(first, output), 240)
    with psycopg.connect(running_postgres(first.data)) as connection:
        connection.execute("create table kept as select 1 as one")
    server = postgres_in(first.data)
    first.kill_all()
    engine.wait(60)
    psutil.wait_procs([server], 60)

    again, output = first.start()
    wait_for(lambda: banner_is_printed(first, output) or again.poll() is not None, 240)

    with psycopg.connect(running_postgres(first.data)) as connection:
        assert connection.execute("select one from kept").fetchall() == [(1,)]
    again.terminate()
    assert again.wait(120) == 0
