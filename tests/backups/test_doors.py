"""Backups through GraphQL, REST and the command line."""

import asyncio
import json
import os
import tarfile

import httpx2
import pytest
from tests import commands

from aiwebengine.core.identity import Origin, Role, anonymous

LIST = """query ($first: Int!, $after: String) {
  backups(first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { name state sizeBytes parts { name sizeBytes sha256 } rowCounts { table rows } }
  }
}"""


async def test_a_backup_is_made_followed_and_found(ask, ada, backups):
    begun = await ask(
        ada,
        """mutation { createBackup(input: {note: "from a test"}) {
             backup { name state } run { id kind state actorLabel } } }""",
    )
    payload = begun["data"]["createBackup"]
    assert payload["backup"]["state"] == "RUNNING"
    assert payload["run"]["actorLabel"] == "ada@example.com"

    async with asyncio.timeout(60):
        while True:
            listed = await ask(ada, LIST, first=10)
            (one,) = listed["data"]["backups"]["nodes"]
            if one["state"] != "RUNNING":
                break
            await asyncio.sleep(0.05)

    assert (one["name"], one["state"]) == (payload["backup"]["name"], "COMPLETE")
    assert one["parts"][0]["name"] == "database.dump"
    assert {"table": "users", "rows": 1} in one["rowCounts"]
    await backups.stop()


async def test_the_list_is_paged_by_name(ask, ada, backups):
    names = [(await backups.create(ada)).name for _ in range(3)][::-1]

    first = (await ask(ada, LIST, first=2))["data"]["backups"]
    after = first["pageInfo"]["endCursor"]
    rest = (await ask(ada, LIST, first=2, after=after))["data"]["backups"]
    bad = await ask(ada, LIST, first=2, after="x")

    assert sorted(names, reverse=True) == [one["name"] for one in first["nodes"] + rest["nodes"]]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (3, True)
    assert not rest["pageInfo"]["hasNextPage"]
    assert bad["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_second_one_at_once_is_a_conflict(ask, ada, backups):
    document = "mutation { createBackup(input: {}) { backup { name } } }"

    await ask(ada, document)
    refused = await ask(ada, document)

    assert refused["errors"][0]["extensions"]["code"] == "CONFLICT"
    await backups.stop()


async def test_an_archive_is_handed_out_to_who_may_and_the_trail_knows(served, add_served_person):
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    engine = served.engine
    made = await engine.services.backups.create(ada)
    token = await served.token(ada)
    late = await engine.services.sessions.begin(anonymous(Origin("web")), ada.id, ada.label, "link")
    await engine.db.execute("update sessions set created_at = now() - interval '1 hour'")
    address = f"/api/engine/admin/backups/{made.name}"
    async with httpx2.AsyncClient(base_url=served.base) as client:
        headers = {"Authorization": f"Bearer {token}"}
        asked = await client.head(address, headers=headers)
        got = await client.get(address, headers=headers)
        cookie = {"Cookie": f"aiwebengine_session={late.secret}"}
        refused = await client.get(address, headers=cookie)

    path = engine.config.backup.directory / made.name
    assert asked.status_code == 200
    assert got.content == await asyncio.to_thread(path.read_bytes)
    assert got.headers["cache-control"] == "no-store"
    assert refused.status_code == 403
    assert refused.json()["code"] == "REAUTHENTICATION_REQUIRED"
    rows = await engine.db.all(
        "select actor_label from audit_events where action = 'backup.downloaded'"
    )
    assert [row["actor_label"] for row in rows] == ["ada@example.com"]


@pytest.fixture
def run(url, tmp_path):
    """Run a command on this test's database."""

    def run(*arguments, code=0, text=None, **environ):
        done = commands.run(
            "backup",
            *arguments,
            cwd=tmp_path,
            env={**os.environ, "APP_REPOSITORY__DATABASE_URL": url, **environ},
            given=text,
        )
        assert done.returncode == code, done.stderr + done.stdout
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stdout + done.stderr

    return run


def test_backups_from_a_script(run, tmp_path):
    made = json.loads(run("create", "--json"))
    name = made["name"]
    whole = run("verify", name)
    drilled = run("drill")
    asked = run("restore", name, code=1, text="something else\n")
    restored = json.loads(run("restore", name, "--yes", "--json"))
    listed = run("list")
    dry = json.loads(run("prune", "--dry-run", "--json"))

    assert made["row_counts"]["users"] == 0
    assert "is intact" in whole
    assert "ok   chain" in drilled
    assert "Nothing was changed" in asked
    assert restored["safety_backup"] in listed
    assert name in listed
    assert dry == {"dry_run": True, "local": [], "remote": [], "databases": [], "failed": {}}
    (tmp_path / "backups" / name).write_bytes(b"spoilt")
    assert "is damaged" in run("verify", name, code=1)
    assert "There is no backup x" in run("verify", "x", code=1)
    assert "No such option" in run("create", "--nothing", code=2)


async def test_a_restore_at_the_command_line_lists_what_it_does_not_bring_back(
    run, engine, root, ada, add_person
):
    eve = await add_person("eve", Role.ADMINISTRATOR)
    # Rows from before such addresses were refused.
    await engine.db.execute(
        "update users set email = E'eve\\u202e@x.example' where id = :id", id=eve.id
    )
    name = json.loads(run("create", "--json"))["name"]
    await engine.services.users.revoke_role(root, eve.id, Role.ADMINISTRATOR)

    refused = run("restore", name, code=1, text="no\n")
    as_text = run("restore", name, "--yes", "--no-backup")
    as_json = json.loads(run("restore", name, "--yes", "--no-backup", "--json"))

    assert "Removals that stay in force: 1." in refused
    assert "Not brought back (1):\n  Role Administrator of eve\\u202e@x.example was" in as_text
    assert "Access review 1 is open." in as_text
    assert as_json["removals"] == len(as_json["not_brought_back"]) == 1
    assert as_json["comparison"] == "compared"
    assert (as_json["access_review"], as_json["administrators"]) == ("2", 1)


async def test_the_command_line_says_what_is_undone_and_goes_back(run, engine, ada, rows):
    name = json.loads(run("create", "--json"))["name"]
    await engine.services.users.invite(ada, "later@example.com")

    refused = run("restore", name, code=1, text="yes\n")
    nothing = run("undo-restore", "--yes", code=1)
    restored = json.loads(run("restore", name, "--no-backup", "--json", text="restore\n"))
    kept = restored["kept_database"]
    declined = run("undo-restore", code=1, text="n\n")
    unknown = run("undo-restore", "postgres", "--yes", code=1)
    back = run("undo-restore", kept, text="y\n")

    assert "Changes that would be undone: 1." in refused
    assert "  ada@example.com: 1, most recently user.invited later@example.com at 20" in refused
    assert "There is no kept database from before a restore." in nothing
    assert restored["undone"]["people"] == [{"label": "ada@example.com", "changes": 1}]
    assert restored["seconds"] > 0
    assert "Changes that would be undone: 0." in declined
    assert "Nothing was changed." in declined
    assert f"Kept databases: {kept}" in unknown
    assert f"{kept} is in use again. It took" in back
    assert "To switch back, run `aiwebengine backup undo-restore" in back
    emails = rows("select email from users order by email")
    assert emails == [("ada@example.com",), ("later@example.com",)]


def test_without_the_database_the_files_are_still_there(run, tmp_path):
    name = json.loads(run("create", "--json"))["name"]
    lost = {"APP_REPOSITORY__DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:9/gone"}

    listed = json.loads(run("list", "--json", **lost))
    whole = run("verify", name, **lost)
    refused = run("create", code=1, **lost)

    assert [(one["name"], one["state"]) for one in listed] == [(name, "complete")]
    assert "is intact" in whole
    assert "hunter2" not in refused


def test_a_lost_server_is_reported_in_one_line_without_escapes(run):
    lost = {"APP_REPOSITORY__DATABASE_URL": "postgresql://u@127.0.0.1:9/gone"}

    refused = run("create", code=1, **lost)

    assert "port 9 failed" in refused
    assert "\\n" not in refused
    assert "\\t" not in refused


def test_a_lost_embedded_database_is_reported_once_and_truly(tmp_path):
    (tmp_path / "backups").mkdir()

    listed = commands.run("backup", "list", cwd=tmp_path, env={**os.environ, "COLUMNS": "200"})

    assert listed.returncode == 0
    assert listed.stderr.startswith("There is no database in ")
    assert len(listed.stderr.splitlines()) == 1


def test_secrets_from_a_script(run, tmp_path):
    (tmp_path / "config.toml").write_text('[security]\napi_key = "very-secret"\n')
    (tmp_path / "pass").write_text("correct horse battery\n")

    name = json.loads(run("create", "--include-secrets", "--passphrase-file", "pass", "--json"))[
        "name"
    ]
    run("secrets", name, "--passphrase-file", "pass", "--output", "out")
    (tmp_path / "wrong").write_text("incorrect horse battery")
    wrong = run("secrets", name, "--passphrase-file", "wrong", "--output", "out2", code=1)
    missing = run("create", "--include-secrets", code=2)

    assert (tmp_path / "out" / "config.toml").read_text() == (tmp_path / "config.toml").read_text()
    assert (tmp_path / "out" / "config.toml").stat().st_mode & 0o077 == 0
    assert "passphrase is wrong" in wrong
    assert "AIWEBENGINE_BACKUP_PASSPHRASE" in missing
    with tarfile.open(tmp_path / "backups" / name) as tar:
        assert "secrets/config.toml.sealed" in tar.getnames()
