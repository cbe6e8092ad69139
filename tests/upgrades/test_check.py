"""What `upgrade --check` finds: versions, settings of other versions, migrations, packages."""

import json

import pytest
from tests import commands

from aiwebengine import __version__
from aiwebengine.core.config_loader import read_config
from aiwebengine.core.errors import Forbidden
from aiwebengine.core.identity import operator
from aiwebengine.upgrades import service
from aiwebengine.upgrades.history import Version, history, in_force, known_settings

ROOT = operator("root")
NOTHING = read_config(None, {})


def written(folder, text):
    path = folder / "config.toml"
    path.write_text(text)
    return path


def test_the_history_of_settings_ends_with_what_the_program_knows():
    versions = history()

    assert versions[-1].number == __version__
    assert in_force(versions) == set(known_settings())
    assert all(known_settings().values()), "a setting without a meaning"


async def test_a_start_is_recorded_and_nothing_is_left_to_do(engine):
    upgrades = engine.services.upgrades
    await upgrades.note_start()
    await upgrades.note_start()

    seen = await upgrades.check(ROOT, NOTHING)

    assert seen.is_fine
    assert (seen.version, seen.last_run.version) == (__version__, __version__)
    assert not seen.new_settings
    assert seen.packages > 50


async def test_only_administrators_may_check(engine, alan):
    with pytest.raises(Forbidden):
        await engine.services.upgrades.check(alan, NOTHING)


async def test_a_newer_version_was_here_before(engine):
    await engine.db.execute("insert into program_versions (version) values ('99.0.0')")

    seen = await engine.services.upgrades.check(ROOT, NOTHING)

    assert seen.is_older
    assert not seen.is_fine


async def test_settings_of_other_versions_are_told_apart(engine, tmp_path, monkeypatch):
    changes = Version(
        __version__,
        renamed={"server.address": "server.host", "auth.providers.NAME.id": "x.y"},
        removed={"server.colour": "leave it out: there are no colours any more"},
    )
    monkeypatch.setattr(service, "history", lambda: [Version("0.0.9"), changes])
    path = written(
        tmp_path,
        '[server]\naddress = "0.0.0.0"\ncolour = "red"\nshoe_size = 42\n'
        '[auth.providers.google]\nclient_id = "a"\nid = "b"\n',
    )
    reading = read_config(path, {"APP_SERVER__COLOUR": "blue"})

    seen = await engine.services.upgrades.check(ROOT, reading)

    told = {one.key: one for one in seen.old_settings}
    assert told["server.address"].new_key == "server.host"
    assert told["server.address"].origin == str(path)
    assert told["server.colour"].origin == "APP_SERVER__COLOUR"
    assert "no colours" in told["server.colour"].advice
    assert told["server.shoe_size"].since is None
    assert told["auth.providers.google.id"].new_key == "x.y"
    assert not seen.is_fine


async def test_what_is_new_is_what_came_after_the_last_run(engine, monkeypatch):
    versions = [Version("0.0.1", ["server.host"]), Version("0.0.2", ["server.port"])]
    monkeypatch.setattr(service, "history", lambda: versions)
    await engine.db.execute("insert into program_versions (version) values ('0.0.1')")

    seen = await engine.services.upgrades.check(ROOT, NOTHING)

    assert [(one.key, one.since) for one in seen.new_settings] == [("server.port", "0.0.2")]
    assert seen.new_settings[0].meaning.startswith("Port to listen on")


def test_other_problems_are_reported_besides_unknown_keys(tmp_path):
    path = written(tmp_path, '[server]\naddress = "0.0.0.0"\nport = "many"\n')

    reading = read_config(path, {})

    assert reading.config is None
    assert list(reading.unknown) == ["server.address"]
    assert [problem.split(":")[0] for problem in reading.problems] == ["server.port"]


def run(url, folder, *arguments):
    environ = {"APP_REPOSITORY__DATABASE_URL": url, "PATH": "/usr/bin:/bin"}
    return commands.run("upgrade", "--check", *arguments, cwd=folder, env=environ)


def test_the_exit_status_is_3_if_action_is_needed(server, url, tmp_path):
    fine = run(url, tmp_path, "--json")
    written(tmp_path, "[server]\nshoe_size = 42\n")
    to_do = run(url, tmp_path, "--json")
    for_people = run(url, tmp_path)
    unreachable = run("postgresql://nobody@127.0.0.1:1/none", tmp_path)
    written(tmp_path, "[server]\nport = 'many'\n")
    unusable = run(url, tmp_path)

    assert fine.returncode == 0, fine.stderr
    assert json.loads(fine.stdout)["is_fine"] is True
    assert to_do.returncode == 3
    assert json.loads(to_do.stdout)["old_settings"][0]["key"] == "server.shoe_size"
    assert "server.shoe_size (from config.toml)" in for_people.stdout
    assert (unreachable.returncode, unreachable.stdout) == (1, "")
    assert "Traceback" not in unreachable.stderr
    assert unusable.returncode == 2
    assert "server.port" in unusable.stderr
