"""Archives that a stranger made: data at most, never a program, and not without a signature."""

import asyncio
import hashlib
import hmac
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import orjson
import psycopg
import pytest
from tests.backups.archives import rewritten
from tests.conftest import configured
from tests.tables import described

from aiwebengine.app.engine import Engine
from aiwebengine.backups import archive
from aiwebengine.backups.cluster_store import name_of
from aiwebengine.backups.manifest import Damaged
from aiwebengine.backups.signing import KEY_FILE, NoSigningKey, NotTrusted, SigningKeys
from aiwebengine.backups.types import BackupRunState, BackupSignature, BackupState
from aiwebengine.core.config import Backup
from aiwebengine.core.errors import Forbidden, NotFound
from aiwebengine.core.identity import engine as the_engine
from aiwebengine.database.ownership import ROLE

EMAILS = "select email from users order by email"


@pytest.fixture
def trap(server, url):
    """Statements that write a file when they are run, in every place where a dump keeps some."""
    # Where the account of the server can write, too.
    marks = Path(tempfile.mkdtemp())
    marks.chmod(0o777)

    def set_up():
        with psycopg.connect(server.as_superuser(name_of(url)), autocommit=True) as connection:
            for name in ("view", "trigger", "check"):
                connection.execute(
                    f"create function pwn_{name}() returns boolean language plpgsql"
                    " security definer as $$ begin"
                    f" copy (select 1) to program 'cat > {marks}/{name}'; return true; end $$"
                )
            connection.execute(
                "create function pwn_insert() returns trigger language plpgsql as $$ begin"
                " perform pwn_trigger(); return new; end $$"
            )
            connection.execute("create materialized view mv as select pwn_view()")
            connection.execute(
                "create trigger pwn before insert on users for each row"
                " execute function pwn_insert()"
            )
            connection.execute("alter table users add constraint pwn check (pwn_check()) not valid")
            connection.execute("create table loot as select 'row' as what")
            # The role that makes the archive must be able to read all of its content.
            connection.execute(f"alter table loot owner to {ROLE}")
            connection.execute(f"alter materialized view mv owner to {ROLE}")
            connection.execute("insert into users (email) values ('trap@example.com')")
            connection.execute("delete from users where email = 'trap@example.com'")
        assert sprung() == ["check", "trigger", "view"]
        for mark in marks.iterdir():
            mark.unlink()

    def take_down():
        with psycopg.connect(server.as_superuser(name_of(url)), autocommit=True) as connection:
            connection.execute("drop materialized view mv")
            connection.execute("drop trigger pwn on users")
            connection.execute("alter table users drop constraint pwn")
            connection.execute("drop table loot")
            connection.execute("drop function pwn_view, pwn_trigger, pwn_check, pwn_insert")

    def sprung():
        return sorted(mark.name for mark in marks.iterdir())

    set_up()
    yield take_down, sprung
    shutil.rmtree(marks)


@pytest.mark.parametrize("is_signed", [True, False], ids=["signed", "unsigned"])
async def test_no_statement_of_an_archive_is_run_by_a_restore_a_drill_or_into(
    backups, root, ada, folder, server, rows, trap, is_signed
):
    take_down, sprung = trap
    made = await backups.create(root)
    take_down()
    rewritten(folder / made.name, is_signed=is_signed)
    target = f"into_{made.name[-10:-4]}"
    server.run(f"create database {target}")
    told, trust = [], {} if is_signed else {"trust_unsigned": True}

    await backups.restore_into(root, made.name, server.database(target), told.append, **trust)
    drilled = await backups.drill(root, name=made.name, **trust)
    done = await backups.restore(root, made.name, with_safety_backup=False, **trust)

    assert sprung() == []
    assert drilled.state is BackupRunState.SUCCEEDED
    assert done.left_out == ["loot"]
    assert any("loot" in line for line in told)
    assert rows(EMAILS) == [("ada@example.com",)]
    assert rows("select proname from pg_proc where proname like 'pwn%'") == []
    assert rows("select relname from pg_class where relname in ('mv', 'loot')") == []


async def test_a_restored_database_has_the_tables_that_migrations_make(
    backups, root, ada, url, server, template
):
    made = await backups.create(root)

    await backups.restore(root, made.name, with_safety_backup=False, drop_old=True)

    assert described(url) == described(server.database(template))


async def test_what_is_restored_is_owned_by_a_role_that_is_no_superuser(backups, root, ada, rows):
    made = await backups.create(root)

    await backups.restore(root, made.name, with_safety_backup=False, drop_old=True)

    assert rows("select rolsuper from pg_roles where rolname = current_user") == [(False,)]
    assert rows(
        "select distinct rolsuper from pg_class c join pg_roles r on r.oid = c.relowner"
        " where relnamespace = 'public'::regnamespace"
    ) == [(False,)]


async def test_sequences_continue_at_their_old_values(backups, root, ada, engine, rows):
    await engine.db.execute("select setval('alerts_id_seq', 4711)")
    made = await backups.create(root)

    await backups.restore(root, made.name, with_safety_backup=False, drop_old=True)

    assert rows("select last_value from alerts_id_seq") == [(4711,)]


async def test_rows_that_fit_no_table_change_nothing(backups, root, ada, folder, rows, server, url):
    with psycopg.connect(server.as_superuser(name_of(url)), autocommit=True) as connection:
        connection.execute("alter table users add column extra text default 'x'")
    made = await backups.create(root)

    with pytest.raises(Damaged, match="users has columns that its migrations do not create: extra"):
        await backups.restore(root, made.name, with_safety_backup=False)

    assert rows(EMAILS) == [("ada@example.com",)]


async def test_an_unsigned_archive_is_refused_with_the_remedy(
    backups, root, ada, folder, rows, databases, events_of
):
    made = await backups.create(root)
    rewritten(folder / made.name, is_signed=False)
    before = await events_of()

    for verb in (backups.restore, backups.verify):
        with pytest.raises(NotTrusted, match=r"is not signed.*signing_key.*--trust-unsigned"):
            await verb(root, made.name)
    with pytest.raises(NotTrusted):
        await backups.drill(root, name=made.name)

    listed = await backups.find(root, made.name)
    assert (listed.state, listed.signature) == (BackupState.COMPLETE, BackupSignature.UNSIGNED)
    assert databases() == ["it"]
    assert await events_of() == before


async def test_an_archive_of_another_engine_is_refused_until_its_key_is_known(
    backups, root, ada, folder, tmp_path, url
):
    made = await backups.create(root)
    key = (tmp_path / KEY_FILE).read_text().strip()
    (tmp_path / KEY_FILE).unlink()

    with pytest.raises(NotTrusted, match="signed with a key that this engine does not have"):
        await backups.restore(root, made.name)

    config = configured(tmp_path)
    known = Backup(directory=folder, signing_key="n" * 40, former_signing_keys=[key])
    other = Engine(config.model_copy(update={"backup": known}), url)
    await other.prepare()
    checked = await other.services.backups.verify(root, made.name)
    fresh = await other.services.backups.create(root)
    await other.db.disconnect()
    assert checked.signature is BackupSignature.VALID
    assert fresh.signature is BackupSignature.VALID
    assert (await backups.find(root, fresh.name)).signature is BackupSignature.UNKNOWN_KEY


async def test_a_changed_manifest_is_damage_even_if_it_is_trusted(backups, root, ada, folder):
    made = await backups.create(root)
    path = folder / made.name
    signature = archive.read(path).signature
    manifest = replace(archive.read(path).manifest, note="changed")
    contents = {part.name: b"".join(archive.pieces(path, part.name)) for part in manifest.parts}
    path.unlink()
    writer = archive.Writer(path)
    for name, content in contents.items():
        writer.add(name, [content])
    writer.seal(manifest, lambda _: signature)
    writer.name()
    writer.close()

    listed = (await backups.all(root))[0]
    with pytest.raises(Damaged, match="does not match"):
        await backups.restore(root, made.name, trust_unsigned=True)

    assert (listed.state, listed.signature) == (BackupState.DAMAGED, BackupSignature.INVALID)


async def test_an_archive_under_another_name_is_no_newer_for_it(backups, root, ada, folder):
    made = await backups.create(root)
    (folder / made.name).rename(folder / "aiwebengine-20991231-235959-abcdef.tar")

    listed = (await backups.all(root))[0]

    assert listed.state is BackupState.DAMAGED
    assert made.name in listed.problem
    assert await backups.newest() is None


async def test_a_drill_skips_what_is_not_signed_and_says_so(backups, root, ada, folder):
    made = await backups.create(root)
    rewritten(
        folder / made.name,
        to=folder / "aiwebengine-20991231-235959-abcdef.tar",
        is_signed=False,
        change=lambda manifest: replace(manifest, created_at=manifest.created_at.replace(2099)),
    )

    drilled = await backups.drill(the_engine())
    (folder / made.name).unlink()
    with pytest.raises(NotFound, match="Skipped backups that this engine did not sign: 1"):
        await backups.drill(the_engine())

    assert (drilled.backup_name, drilled.state) == (made.name, BackupRunState.SUCCEEDED)


async def test_only_somebody_at_the_command_line_vouches_for_an_archive(backups, ada, folder):
    made = await backups.create(ada)
    rewritten(folder / made.name, is_signed=False)

    for viewer in (ada, the_engine()):
        for verb in (backups.restore, backups.verify):
            with pytest.raises(Forbidden):
                await verb(viewer, made.name, trust_unsigned=True)
        with pytest.raises(Forbidden):
            await backups.drill(viewer, name=made.name, trust_unsigned=True)
        with pytest.raises(Forbidden):
            await backups.restore_into(viewer, made.name, "postgresql:///x", trust_unsigned=True)


async def test_forged_archives_displace_no_signed_one_from_what_is_kept(backups, root, ada, folder):
    made = await backups.create(root)
    signed = folder / "aiwebengine-20260105-020000-aaaaaa.tar"
    rewritten(folder / made.name, to=signed)
    for second in range(3):
        forged = folder / f"aiwebengine-20260105-23595{second}-bbbbbb.tar"
        rewritten(folder / made.name, to=forged, is_signed=False)

    done = await backups.prune(root)

    assert signed.exists()
    assert signed.name not in done.local


async def test_the_signature_is_the_hmac_of_the_manifest_as_documented(
    backups, root, ada, folder, tmp_path
):
    made = await backups.create(root)
    key = (tmp_path / KEY_FILE).read_bytes().strip()

    manifest = await asyncio.to_thread(taken_out, folder / made.name, "manifest.json")
    signature = await asyncio.to_thread(taken_out, folder / made.name, "manifest.sig")

    told = orjson.loads(signature)
    assert told["algorithm"] == "HMAC-SHA-256"
    assert told["signature"] == hmac.new(key, manifest, hashlib.sha256).hexdigest()
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


def taken_out(path, name):
    command = ["tar", "-xOf", str(path), name]
    return subprocess.run(command, capture_output=True, check=True).stdout


def test_processes_that_start_at_once_agree_on_one_key(tmp_path):
    program = (
        "import sys, pathlib\n"
        "from aiwebengine.backups.signing import SigningKeys\n"
        "from tests.conftest import configured\n"
        "keys = SigningKeys(configured(pathlib.Path(sys.argv[1])))\n"
        "print(keys.sign(b'x').decode())"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    signatures = {process.communicate(timeout=120)[0] for process in running}

    assert len(signatures) == 1
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_a_key_that_is_too_short_or_a_link_signs_nothing(tmp_path):
    keys = SigningKeys(configured(tmp_path))
    keys.file.write_text("short")
    with pytest.raises(NoSigningKey, match="has 5 characters"):
        keys.sign(b"x")
    keys.file.unlink()
    (tmp_path / "elsewhere").write_text("e" * 64)
    keys.file.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(NoSigningKey):
        keys.sign(b"x")
