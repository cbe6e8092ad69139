"""A restore previews what it undoes, keeps its session, and can be undone itself."""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress

import psycopg
import pytest
from tests.conftest import adder

from aiwebengine.audit.types import AuditAction
from aiwebengine.backups import undone
from aiwebengine.backups.cluster_store import at
from aiwebengine.backups.runs import AnotherRuns
from aiwebengine.backups.types import BackupRunKind, BackupRunState
from aiwebengine.core.errors import (
    Conflict,
    Forbidden,
    NotFound,
    ReauthenticationRequired,
    Unavailable,
)
from aiwebengine.core.identity import Origin, Role, anonymous
from aiwebengine.sessions import secrets
from aiwebengine.users.types import UserStatus

WEB = Origin("web")
EMAILS = "select email from users order by email"


@pytest.fixture
def sign_in(engine):
    """Begin a session of somebody; who asks by it, and its secret."""

    async def sign_in(person):
        services = engine.services
        begun = await services.sessions.begin(anonymous(WEB), person.id, person.label, "github")
        return await services.callers.by_session(begun.secret, WEB), begun.secret

    return sign_in


@pytest.fixture
def still(engine):
    """Whether a session's secret still lets in, and as what."""

    async def still(secret):
        found = await engine.services.callers.by_session(secret, WEB)
        return found.is_signed_in and Role.ADMINISTRATOR in found.roles

    return still


async def ended(backups, viewer):
    """The newest restore once it is over; while the databases change places nobody answers."""
    async with asyncio.timeout(120):
        while True:
            with suppress(Unavailable):
                (run, *_) = await backups.runs(viewer, [BackupRunKind.RESTORE], None, 1)
                if run.state is not BackupRunState.RUNNING:
                    return run
            await asyncio.sleep(0.1)


def last_event(rows):
    return rows("select action, target_label, after from audit_events order by id desc limit 1")[0]


async def test_the_session_that_starts_a_restore_continues_and_those_of_others_end(
    backups, root, ada, add_person, sign_in, still, rows
):
    bob = await add_person("bob", Role.ADMINISTRATOR)
    made = await backups.create(root)
    viewer, secret = await sign_in(ada)
    _, other = await sign_in(bob)
    _, second = await sign_in(ada)

    done = await backups.restore(viewer, made.name)

    assert done.carried.session_kept is True
    assert await still(secret)
    assert not await still(other)
    assert not await still(second)
    assert rows("select id from sessions") == [(viewer.session_id,)]
    action, label, after = last_event(rows)
    assert (action, label, after["session_kept"]) == ("backup.restored", made.name, True)
    assert after["rows"] == done.rows > 0
    assert after["undone"] == done.undone.details


async def suspended(services, root, person):
    await services.users.suspend(root, person.id)


async def demoted(services, root, person):
    await services.users.revoke_role(root, person.id, Role.ADMINISTRATOR)


async def deleted(services, root, person):
    await services.users.delete(root, person.id)


async def signed_out(services, root, person):
    await services.sessions.revoke_all(root, person.id)


@pytest.mark.parametrize("remove", [suspended, demoted, deleted, signed_out])
@pytest.mark.usefixtures("ada")
async def test_no_session_is_carried_over_whose_right_was_taken_after_the_backup(
    engine, backups, root, add_person, sign_in, still, rows, remove
):
    mallory = await add_person("mallory", Role.ADMINISTRATOR)
    made = await backups.create(root)
    viewer, secret = await sign_in(mallory)
    await remove(engine.services, root, mallory)

    done = await backups.restore(viewer, made.name, with_safety_backup=False)

    assert done.carried.session_kept is False
    assert not await still(secret)
    assert rows("select id from sessions") == []


@pytest.mark.parametrize("has_account", [True, False])
@pytest.mark.usefixtures("ada")
async def test_a_later_administrator_is_informed_and_signed_out(
    engine, backups, root, add_person, sign_in, still, has_account
):
    late = await add_person("late") if has_account else None
    made = await backups.create(root)
    late = late or await add_person("late")
    await engine.services.users.grant_role(root, late.id, Role.ADMINISTRATOR)
    viewer, secret = await sign_in(late)

    ahead = await backups.restore_preview(viewer, made.name)
    done = await backups.restore(viewer, made.name, with_safety_backup=False)

    assert ahead.signs_you_out
    assert done.carried.session_kept is False
    assert not await still(secret)


async def test_a_session_of_the_backup_under_an_id_of_now_is_ended(
    engine, backups, root, ada, add_person, sign_in, still
):
    """Ids are no secrets: the session that continues is the same person's, by the same secret."""
    mallory = await add_person("mallory", Role.ADMINISTRATOR)
    former, old_secret = await sign_in(mallory)
    made = await backups.create(root)
    secret = "a secret of Ada's"
    await engine.db.execute(
        "update sessions set user_id = :user, secret_hash = :hash where id = :id",
        user=ada.id,
        hash=secrets.digest(secret),
        id=former.session_id,
    )
    viewer = await engine.services.callers.by_session(secret, WEB)

    await backups.restore(viewer, made.name, with_safety_backup=False)
    by_herself = (await still(secret), await still(old_secret))
    await engine.db.execute(
        "update sessions set user_id = :user, secret_hash = 'x'",
        user=mallory.id,
    )
    await backups.restore(root, made.name, with_safety_backup=False)

    assert by_herself == (True, False)
    assert not await still(old_secret)


async def test_a_preview_lists_undone_changes_by_person_with_the_newest_of_each(
    engine, backups, root, ada, add_person
):
    bob = await add_person("bob", Role.ADMINISTRATOR)
    made = await backups.create(root)
    users = engine.services.users
    for number in range(4):
        await users.invite(ada, f"new{number}@example.com")
    await users.grant_role(bob, ada.id, Role.EDITOR)
    await users.suspend(bob, (await users.invite(root, "out@example.com")).user.key)

    ahead = await backups.restore_preview(ada, made.name)

    assert (ahead.name, ahead.taken_at, ahead.problem) == (made.name, made.created_at, None)
    assert (ahead.pending_migrations, ahead.has_same_history) == ([], True)
    told = [(one.label, one.changes) for one in ahead.undone.people]
    assert told == [("ada@example.com", 4), (root.label, 1), ("bob@example.com", 1)]
    assert [one.target_label for one in ahead.undone.people[0].newest] == [
        f"new{number}@example.com" for number in (3, 2, 1)
    ]
    assert ahead.undone.people[2].newest[0].action is AuditAction.ROLE_GRANTED
    assert (ahead.undone.changes, ahead.undone.is_more) == (6, False)
    assert ahead.undone.removals == 1
    assert not ahead.signs_you_out


async def test_a_preview_counts_to_a_bound_and_follows_an_index(engine, backups, root, rows):
    made = await backups.create(root)
    await engine.db.execute(
        "insert into audit_events"
        " (action, actor_kind, actor_label, target_type, target_label, door)"
        " select 'user.invited', 'user', 'p' || n % 30, 'user', 'x', 'web'"
        " from generate_series(1, 20000) n"
    )
    await engine.db.execute("analyze audit_events")
    await engine.db.execute("select pg_stat_force_next_flush()")
    scans = "select seq_scan, idx_tup_fetch from pg_stat_user_tables where relname = 'audit_events'"
    ((scans_before, read_before),) = rows(scans)

    found = (await backups.restore_preview(root, made.name)).undone

    ((scans_after, read_after),) = rows(scans)
    assert scans_after == scans_before
    assert read_after - read_before < undone.MOST_EVENTS + 100
    assert (found.events, found.is_more) == (undone.MOST_EVENTS, True)
    assert (len(found.people), found.other_people) == (undone.MOST_PEOPLE, 10)
    assert all(len(one.newest) == undone.MOST_NEWEST for one in found.people)


def test_every_action_of_the_trail_is_undone_kept_or_unaffected_on_purpose():
    """A new action is listed here once somebody has thought about it."""
    others = set(AuditAction) - undone.REMOVALS - undone.UNAFFECTED

    assert {action.name for action in others} == {
        "ROLE_GRANTED",
        "USER_CREATED",
        "USER_INVITED",
        "USER_RENAMED",
        "USER_REINSTATED",
        "IDENTITY_LINKED",
        "ADDRESS_VERIFIED",
        "SIGN_IN_LINK_CREATED",
        "TOKEN_CREATED",
        "MIGRATION_ROLLED_BACK",
        "MAINTENANCE_ITEM_DONE",
        "ACCESS_REVIEW_STARTED",
        "ACCESS_REVIEWED",
        "BACKUP_RESTORED",
        "BACKUP_RESTORE_UNDONE",
        "SCRIPT_CREATED",
        "SCRIPT_SAVED",
        "SCRIPT_DEPLOYED",
        "SCRIPT_ROLLED_BACK",
        "SCRIPT_SUSPENDED",
        "SCRIPT_RESUMED",
        "SCRIPT_DELETED",
        "SCRIPT_RESTORED",
        "SCRIPT_OWNER_ADDED",
        "SCRIPT_OWNER_REMOVED",
        "SCRIPT_ROLE_GRANTED",
        "SCRIPT_ROLE_REVOKED",
        "SCRIPT_FILES_CHANGED",
        "SCRIPT_DATA_CHANGED",
        "SCRIPT_LIMITS_CHANGED",
        "SCRIPT_SECRET_SET",
        "SCRIPT_SECRET_REMOVED",
        "SCRIPT_HOST_BOUND",
        "SCRIPT_TITLE_CHANGED",
        "SCRIPT_EVALUATED",
        "SCRIPT_SCHEDULE_STARTED",
        "SCRIPT_MESSAGES_RETRIED",
        "SCRIPT_MESSAGES_DISCARDED",
        "OTHER",
    }
    assert not undone.REMOVALS & undone.UNAFFECTED


async def test_an_editor_gets_no_preview_and_sees_no_kept_database(ask, backups, root, edith):
    made = await backups.create(root)
    kept = (await backups.restore(root, made.name, with_safety_backup=False)).kept_database

    for document in (
        f'{{ restorePreview(backupName: "{made.name}") {{ takenAt }} }}',
        f'{{ undoRestorePreview(database: "{kept}") {{ takenAt }} }}',
        "{ keptDatabases { name } }",
        "{ backupOverview { totalBytes } }",
        f'mutation {{ undoRestore(input: {{database: "{kept}"}}) {{ run {{ id }} }} }}',
    ):
        answer = await ask(edith, document)
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN", document


async def test_the_way_back_brings_the_database_of_before_and_is_itself_reversible(
    engine, backups, root, ada, sign_in, still, rows, databases
):
    made = await backups.create(root)
    await adder(engine)("later")
    viewer, secret = await sign_in(ada)
    await backups.restore(viewer, made.name, with_safety_backup=False)
    (kept,) = await backups.kept_databases(viewer)
    await adder(engine)("between")
    ahead = await backups.undo_preview(viewer)

    done = await backups.undo_restore(viewer)

    assert (kept.replaced_by, ahead.name, ahead.signs_you_out) == (made.name, kept.name, False)
    assert [(one.label, one.changes) for one in ahead.undone.people] == [
        ("tests (command line)", 1)
    ]
    assert done.undone.changes == 1
    assert rows(EMAILS) == [("ada@example.com",), ("later@example.com",)]
    assert await still(secret)
    action, label, after = last_event(rows)
    assert (action, label) == ("backup.restore_undone", kept.name)
    assert (after["session_kept"], after["kept_database"]) == (True, done.kept_database)
    assert (await engine.services.access_reviews.find(root, None)).id == done.access_review
    run = (await backups.runs(ada, [BackupRunKind.RESTORE], None, 1))[0]
    assert (run.state, run.backup_name) == (BackupRunState.SUCCEEDED, kept.name)
    assert len(databases()) == 2
    assert (await engine.services.chain.verify(root)).problem is None

    await backups.undo_restore(viewer, done.kept_database)

    assert rows(EMAILS) == [("ada@example.com",), ("between@example.com",)]
    assert await still(secret)
    assert len(databases()) == 2


async def test_what_was_removed_since_the_restore_stays_removed_on_the_way_back(
    engine, backups, root, ada, add_person, sign_in, still
):
    mallory = await add_person("mallory", Role.ADMINISTRATOR)
    _, secret = await sign_in(mallory)
    token = await engine.services.tokens.create(root, mallory.id, "deploy")
    made = await backups.create(root)
    await backups.restore(root, made.name, with_safety_backup=False)
    await engine.services.users.suspend(root, mallory.id)

    done = await backups.undo_restore(ada)

    (user,) = await engine.services.users.many([mallory.id])
    assert user.status is UserStatus.SUSPENDED
    assert not await still(secret)
    assert done.carried.listed[0].startswith("User mallory@example.com was suspended on ")
    assert token.token.key in {
        row["id"]
        for row in await engine.db.all("select id from api_tokens where revoked_at is not null")
    }


async def test_the_way_back_asks_for_a_recent_sign_in_the_right_and_a_kept_database(
    engine, backups, root, ada, edith, sign_in, rows, databases, events_of
):
    made = await backups.create(root)
    await backups.restore(root, made.name, with_safety_backup=False)
    viewer, secret = await sign_in(ada)
    await engine.db.execute("update sessions set created_at = now() - interval '1 hour'")
    late = await engine.services.callers.by_session(secret, WEB)
    before, events = databases(), await events_of()

    with pytest.raises(ReauthenticationRequired, match="Undoing a restore"):
        await backups.undo_restore(late)
    with pytest.raises(Forbidden):
        await backups.undo_restore(edith)
    for name in ("postgres", "template1", 'x"; drop database postgres; --', before[0], ""):
        with pytest.raises(NotFound, match="no kept database"):
            await backups.undo_restore(viewer, name)
        with pytest.raises(NotFound):
            await backups.undo_preview(viewer, name)

    assert databases() == before
    assert await events_of() == events


async def test_nothing_is_kept_before_the_first_restore(backups, ada):
    assert await backups.kept_databases(ada) == []
    with pytest.raises(NotFound, match="There is no kept database from before a restore"):
        await backups.undo_restore(ada)


async def test_two_ways_back_at_once_are_one_and_a_refusal(backups, root, ada, rows, databases):
    made = await backups.create(root)
    await backups.restore(root, made.name, with_safety_backup=False)

    done = await asyncio.gather(
        *(backups.undo_restore(ada) for _ in range(3)),
        backups.restore(ada, made.name, with_safety_backup=False),
        return_exceptions=True,
    )

    refused = [one for one in done if isinstance(one, AnotherRuns)]
    assert len(refused) == 3
    assert len(databases()) == (2 if isinstance(done[3], AnotherRuns) else 3)


@pytest.mark.parametrize("fault", ["in use", "too new", "empty", "nobody is administrator"])
async def test_a_way_back_that_fails_says_why_and_leaves_both_databases(
    engine, backups, root, ada, url, rows, databases, fault
):
    made = await backups.create(root)
    kept = (await backups.restore(root, made.name, with_safety_backup=False)).kept_database
    await adder(engine)("between")
    before = databases()

    with psycopg.connect(at(url, kept), autocommit=True) as other:
        if fault == "too new":
            other.execute(
                "insert into migration_checksums (migration_id, checksum) values ('9999.x', 'x')"
            )
        elif fault == "nobody is administrator":
            other.execute("delete from user_roles")
        elif fault == "empty":
            other.execute("drop schema public cascade; create schema public")
        if fault != "in use":
            other.close()
        with pytest.raises(Conflict) as refused:
            await backups.undo_restore(ada)

    told = {
        "in use": "can't be copied while a client is connected",
        "too new": "9999.x. Update the engine first",
        "empty": "has no tables of the engine",
        "nobody is administrator": f"aiwebengine backup undo-restore {kept}",
    }[fault]
    assert told in refused.value.message
    if fault in ("too new", "empty"):
        assert (await backups.undo_preview(ada)).problem == refused.value.message
    assert databases() == before
    assert ("between@example.com",) in rows(EMAILS)
    run = (await backups.runs(root, [BackupRunKind.RESTORE], None, 1))[0]
    assert (run.state, run.problem) == (BackupRunState.FAILED, refused.value.message)


PHASES = [
    "Copying the database of before",
    "Applying migrations",
    "Comparing it with the database of now",
    "Changing places",
    "The database of before serves.",
]
KILLED_AT = """
import asyncio, os, pathlib, signal, sys
from tests.conftest import configured
from aiwebengine.app.engine import Engine
from aiwebengine.core.identity import operator
url, folder, phase = sys.argv[1:]
async def main():
    engine = Engine(configured(pathlib.Path(folder)), url)
    await engine.db.connect()
    def note(line):
        if line == phase:
            os.kill(os.getpid(), signal.SIGKILL)
    await engine.services.backups.undo_restore(operator("root"), "newest", note)
asyncio.run(main())
"""


@pytest.mark.parametrize("phase", PHASES)
async def test_a_killed_way_back_has_happened_wholly_or_not_at_all(
    engine, backups, root, ada, url, tmp_path, rows, databases, phase
):
    made = await backups.create(root)
    await adder(engine)("later")
    kept = (await backups.restore(root, made.name, with_safety_backup=False)).kept_database

    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", KILLED_AT, url, str(tmp_path), phase],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=120,
    )

    assert killed.returncode == -9
    has_happened = phase == PHASES[-1]
    told = rows("select target_label from audit_events where action = 'backup.restore_undone'")
    assert told == ([(kept,)] if has_happened else [])
    assert (("later@example.com",) in rows(EMAILS)) == has_happened
    # A kept database is never lost, and the next way back works and clears away.
    assert [one.name for one in await backups.kept_databases(root)]
    if not has_happened:
        await backups.undo_restore(ada)
        assert ("later@example.com",) in rows(EMAILS)
        assert not [one for one in databases() if "_restore_" in one]


async def test_a_restore_confirmed_by_the_word_runs_and_its_result_is_in_the_run(
    ask, backups, root, ada, sign_in, still
):
    made = await backups.create(root)
    viewer, secret = await sign_in(ada)
    document = """mutation ($name: String!, $word: String!) {
        restoreBackup(input: {name: $name, confirm: $word}) { run { id } } }"""

    refused = await ask(viewer, document, name=made.name, word="yes")
    begun = await ask(viewer, document, name=made.name, word="restore")
    run = await ended(backups, root)
    await backups.stop()

    assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "errors" not in begun
    assert run.state is BackupRunState.SUCCEEDED
    assert run.details["session_kept"] is True
    assert run.details["rows"] > 0
    assert run.details["seconds"] > 0
    assert run.details["kept_database"] == (await backups.kept_databases(root))[0].name
    assert await still(secret)
    (safety,) = [one for one in await backups.all(root) if one.is_safety_copy]
    assert safety.note == f"Before the restore of {made.name}"
