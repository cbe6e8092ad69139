"""Going back in time undoes no removal: what the newer database took away stays away.

Every row of the table makes two databases: one is backed up before the removal and restored after
it. On each the same question is asked, which the backup alone would answer the other way.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from tests.conftest import adder
from tests.conftest import link as arrive

from aiwebengine.app.engine import Engine
from aiwebengine.backups.carry_over import Newer, carry_over
from aiwebengine.backups.cluster_store import at, name_of
from aiwebengine.backups.removals import Comparison
from aiwebengine.core.errors import Conflict, EngineError, Forbidden, NotFound, Unauthenticated
from aiwebengine.core.identity import Origin, Profile, Role, anonymous
from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.migrations.service import Migrations
from aiwebengine.users.types import UserStatus

WEB = Origin("web")


@dataclass
class Scene:
    """What the backup holds: an administrator who stays, and Mallory with all that lets in."""

    engine: Engine
    root: object
    mallory: object
    session: object
    token: object
    link: str

    @property
    def services(self):
        return self.engine.services

    @property
    def db(self):
        return self.engine.db

    async def user(self):
        return (await self.services.users.many([self.mallory.id]))[0]

    async def roles(self):
        user = await self.user()
        return (
            [] if user is None else [role for role in user.roles if role.value != "Authenticated"]
        )

    async def by_token(self):
        try:
            return (await self.services.callers.by_token(self.token.secret, WEB)).is_signed_in
        except Unauthenticated:
            return False

    async def by_session(self):
        return (await self.services.callers.by_session(self.session.secret, WEB)).is_signed_in


@pytest.fixture
async def scene(engine, root, ada, add_person):
    mallory = await add_person("mallory", Role.ADMINISTRATOR)
    services = engine.services
    profile = Profile("github", "666", "mallory@example.com", True, "Mallory", None)
    await arrive(engine, profile)
    link = await services.sign_in.link_for(root, "mallory@example.com")
    return Scene(
        engine,
        root,
        mallory,
        await services.sessions.begin(anonymous(WEB), mallory.id, mallory.label, "github"),
        await services.tokens.create(root, mallory.id, "deploy"),
        link,
    )


async def suspended(scene):
    await scene.services.users.suspend(scene.root, scene.mallory.id)


async def deleted(scene):
    await scene.services.users.delete(scene.root, scene.mallory.id)


async def role_revoked(scene):
    await scene.services.users.revoke_role(scene.root, scene.mallory.id, Role.ADMINISTRATOR)


async def role_given_an_end(scene):
    soon = datetime.now(UTC) + timedelta(hours=1)
    await scene.services.users.grant_role(
        scene.root, scene.mallory.id, Role.ADMINISTRATOR, expires_at=soon
    )


async def role_expired(scene):
    await role_given_an_end(scene)
    await scene.db.execute("update user_roles set expires_at = now() where expires_at is not null")
    await scene.services.users.end_expired_grants()


async def token_revoked(scene):
    await scene.services.tokens.revoke(scene.root, scene.token.token.key)


async def token_shortened(scene):
    await scene.db.execute("update api_tokens set expires_at = now()")


async def token_limited(scene):
    await scene.db.execute("update api_tokens set role_ceiling = 'Editor', scopes = '{read}'")


async def session_ended(scene):
    await scene.services.sessions.revoke_all(scene.root, scene.mallory.id)


async def identity_removed(scene):
    await scene.db.execute("delete from identities")


async def identity_unverified(scene):
    await scene.db.execute("update identities set email_verified = false")


async def link_used(scene):
    await scene.services.sign_in.by_link(anonymous(WEB), scene.link)


async def cursor_keys_rotated(scene):
    await scene.services.signing_keys.rotate(scene.root, "cursors")
    await scene.db.execute("update signing_keys set ends_at = now() where ends_at is not null")
    await scene.services.signing_keys.remove_ended()


async def is_suspended(scene):
    user = await scene.user()
    assert user.status is UserStatus.SUSPENDED
    assert not await scene.by_token()
    assert not await scene.by_session()
    await scene.services.users.reinstate(scene.root, user.key)
    assert not await scene.by_token()


async def is_gone(scene):
    assert await scene.user() is None
    assert not await scene.by_token()
    assert not await scene.by_session()


async def has_no_role(scene):
    assert await scene.roles() == []


async def has_the_early_end(scene):
    grant = (await scene.services.users.grants_of([scene.mallory.id]))[0][0]
    assert grant.expires_at is not None


async def has_no_token(scene):
    assert not await scene.by_token()
    assert await scene.by_session()


async def has_a_weak_token(scene):
    caller = await scene.services.callers.by_token(scene.token.secret, WEB)
    assert Role.ADMINISTRATOR not in caller.roles
    assert [scope.value for scope in caller.scopes] == ["read"]


async def has_no_session(scene):
    assert not await scene.by_session()
    assert await scene.by_token()


async def has_no_identity(scene):
    assert await scene.services.users.identities_of([scene.mallory.id]) == [[]]


async def has_no_verified_identity(scene):
    assert not (await scene.services.users.identities_of([scene.mallory.id]))[0][0].email_verified


async def link_is_dead(scene):
    with pytest.raises(Unauthenticated):
        await scene.services.sign_in.by_link(anonymous(WEB), scene.link)


async def old_key_is_gone(scene):
    rows = await scene.db.all("select number from signing_keys where purpose = 'cursors'")
    assert [row["number"] for row in rows] == [2]


TABLE = [
    (suspended, is_suspended, "User mallory@example.com was suspended on "),
    (deleted, is_gone, "User mallory@example.com was deleted on "),
    (role_revoked, has_no_role, "Role Administrator of mallory@example.com was revoked on "),
    (role_expired, has_no_role, "Role Administrator of mallory@example.com expired on "),
    (
        role_given_an_end,
        has_the_early_end,
        "Role Administrator of mallory@example.com got an earlier end on ",
    ),
    (token_revoked, has_no_token, "API token “deploy” (awe_"),
    (token_shortened, has_no_token, "API token “deploy” (awe_"),
    (token_limited, has_a_weak_token, "API token “deploy” (awe_"),
    (session_ended, has_no_session, None),
    (identity_removed, has_no_identity, "Sign-in by github of mallory@example.com was removed"),
    (identity_unverified, has_no_verified_identity, None),
    (link_used, link_is_dead, None),
    (cursor_keys_rotated, old_key_is_gone, None),
]


@pytest.mark.parametrize(
    ("remove", "holds", "line"), TABLE, ids=[remove.__name__ for remove, _, _ in TABLE]
)
async def test_a_removal_survives_the_restore_of_a_backup_from_before_it(
    scene, backups, root, rows, remove, holds, line
):
    made = await backups.create(root)
    await remove(scene)

    done = await backups.restore(root, made.name)

    assert done.carried.comparison is Comparison.COMPARED
    listed = done.carried.listed
    assert any(one.startswith(line) for one in listed) if line else listed == []
    ((after,),) = rows("select after from audit_events where action = 'backup.restored'")
    assert after["not_brought_back"] == listed
    assert after["removals"] == len(listed)
    await holds(scene)


async def test_each_line_says_when_and_by_whom_and_the_trail_keeps_the_removal(
    scene, backups, root, ada, rows
):
    made = await backups.create(root)
    await scene.services.users.revoke_role(ada, scene.mallory.id, Role.ADMINISTRATOR)

    (line,) = (await backups.restore(root, made.name)).carried.listed

    assert line.endswith(" UTC by ada@example.com.")
    ((actor, reason),) = rows(
        "select actor_label, reason from audit_events where action = 'role.revoked'"
    )
    assert actor == root.label
    assert reason == f"Restore of {made.name}: the newer database had it so."


async def test_what_the_newer_database_added_is_undone(scene, backups, root, ada, rows):
    """Also the adding of rights to somebody who was there."""
    made = await backups.create(root)
    alan = await adder(scene.engine)("alan", Role.EDITOR)
    await scene.services.users.grant_role(root, scene.mallory.id, Role.EDITOR)

    done = await backups.restore(root, made.name)

    assert done.carried.listed == []
    assert await scene.roles() == [Role.ADMINISTRATOR]
    assert await scene.services.users.many([alan.id]) == [None]


async def test_who_was_added_and_suspended_since_can_not_sign_up_again(scene, backups, root):
    made = await backups.create(root)
    eve = Profile("github", "777", "eve@example.com", True, "Eve", None)
    arrivals = scene.services.sign_in._arrivals
    user = await arrivals.provision(anonymous(WEB), eve)
    await scene.services.users.grant_role(root, user.key, Role.EDITOR)
    await scene.services.users.suspend(root, user.key)

    done = await backups.restore(root, made.name)

    assert done.carried.listed[0].startswith("User eve@example.com was suspended on ")
    with pytest.raises(Forbidden, match="suspended"):
        await arrivals.provision(anonymous(WEB), eve)
    assert (await scene.services.users.find(root, user.key)).roles == [Role.AUTHENTICATED]


async def test_the_same_backup_restored_twice_brings_nobody_back(scene, backups, root):
    """The trail of the database in between knows nothing of the deletion."""
    made = await backups.create(root)
    await deleted(scene)

    await backups.restore(root, made.name)
    await backups.restore(root, made.name)

    await is_gone(scene)


async def test_the_safety_backup_brings_back_what_only_the_restore_undid(scene, backups, root):
    """Users and roles that the restored database never knew were not removed in it."""
    made = await backups.create(root)
    later = await adder(scene.engine)("later", Role.EDITOR)
    await scene.services.users.grant_role(root, scene.mallory.id, Role.EDITOR)

    first = await backups.restore(root, made.name)
    await scene.services.users.revoke_role(root, scene.mallory.id, Role.ADMINISTRATOR)
    second = await backups.restore(root, first.safety_backup)

    assert Role.EDITOR in (await scene.services.users.find(root, later.id)).roles
    assert await scene.roles() == [Role.EDITOR]
    assert [line.split(" on ")[0] for line in second.carried.listed] == [
        "Role Administrator of mallory@example.com was revoked"
    ]


async def test_a_restore_opens_an_access_review_in_place_of_the_one_in_the_backup(
    scene, backups, root, rows
):
    former = await scene.services.access_reviews.start(root, "of before")
    made = await backups.create(root)
    await scene.services.users.revoke_role(root, scene.mallory.id, Role.ADMINISTRATOR)

    done = await backups.restore(root, made.name)

    review = await scene.services.access_reviews.find(root, None)
    assert review.id == done.access_review != former.id
    assert review.note == f"After the restore of {made.name}"
    assert review.total == 1
    closed = await scene.services.access_reviews.find(root, former.number)
    assert (closed.left, closed.finished_at is None) == (0, False)
    ((after,),) = rows("select after from audit_events where action = 'backup.restored'")
    assert after["access_review"] == review.id


async def test_without_the_old_database_it_says_so_ends_sessions_and_opens_the_review(
    scene, backups, root, server, url
):
    made = await backups.create(root)
    server.run(f"drop database {name_of(url)} with (force)")

    done = await backups.restore(root, made.name)

    assert done.carried.comparison is Comparison.UNREADABLE
    assert "could not be read" in done.carried.lines[0]
    assert not await scene.by_session()
    assert await scene.by_token()
    assert (await scene.services.access_reviews.find(root, None)).id == done.access_review


async def test_a_fresh_database_on_a_new_machine_takes_nothing_away(
    scene, backups, root, server, url
):
    """Its trail has nothing in common with the backup: it never knew anybody to remove."""
    made = await backups.create(root)
    name = name_of(url)
    server.run(f"drop database {name} with (force)")
    server.run(f"create database {name}")
    Migrations(url, MIGRATIONS).up()

    done = await backups.restore(root, made.name)

    assert done.carried.comparison is Comparison.OTHER_HISTORY
    assert await scene.by_token()
    assert await scene.roles() == [Role.ADMINISTRATOR]


async def test_into_another_database_brings_back_no_more_than_in_place(
    scene, backups, root, server, url
):
    made = await backups.create(root)
    await suspended(scene)
    target = f"{name_of(url)}_elsewhere"
    server.run(f"create database {target}")

    done = await backups.restore_into(root, made.name, at(url, target))

    with psycopg.connect(at(url, target)) as connection:
        status = connection.execute(
            "select status from users where email = 'mallory@example.com'"
        ).fetchone()
        review = connection.execute("select max(id) from access_reviews").fetchone()
    server.run(f"drop database {target}")
    assert status == ("suspended",)
    assert str(review[0]) == done.access_review


async def test_a_drill_tries_what_a_restore_would_keep_removed(scene, backups, root):
    await backups.create(root)
    await deleted(scene)

    run = await backups.drill(root)

    assert run.problem is None
    told = {check["name"]: check["told"] for check in run.details["checks"]}
    assert told["removals"] == "Removals that a restore would keep in effect: 1."


async def test_a_browser_can_not_leave_the_engine_without_an_administrator(
    scene, backups, root, ada, databases
):
    """Only in the newer database Ada holds the role; at the command line the restore continues."""
    services = scene.services
    await services.users.revoke_role(root, ada.id, Role.ADMINISTRATOR)
    made = await backups.create(root)
    await services.users.grant_role(root, ada.id, Role.ADMINISTRATOR)
    await suspended(scene)

    with pytest.raises(Conflict, match="would leave no active administrator"):
        await backups.restore(ada, made.name, with_safety_backup=False)
    assert databases() == ["it"]
    done = await backups.restore(root, made.name)

    assert "No active administrator is left." in done.carried.lines[-1]


async def test_a_removal_that_is_confirmed_while_the_restore_runs_is_not_lost(
    scene, backups, root, url
):
    """Between the reading of the old database and the switch nobody can record a removal."""
    added = await scene.db.all(
        "insert into users (email, name) select n || '@example.com', 'N' from"
        " generate_series(1, 3000) n returning id"
    )
    made = await backups.create(root)
    restoring = asyncio.create_task(backups.restore(root, made.name, with_safety_backup=False))
    people, confirmed, refused = [row["id"] for row in added], [], 0

    while not restoring.done():
        try:
            await scene.services.users.suspend(root, people[len(confirmed)])
            confirmed.append(people[len(confirmed)])
        except EngineError:
            refused += 1
            await asyncio.sleep(0.01)
    await restoring

    kept = await scene.db.all("select id from users where status = 'suspended'")
    assert set(confirmed) <= {row["id"] for row in kept}
    assert confirmed
    print(f"{len(confirmed)} confirmed, {refused} refused")


async def test_nobody_records_an_event_in_a_database_that_is_held(scene, root, url):
    with Newer(url, is_held=True) as newer:
        work = asyncio.create_task(scene.services.users.suspend(root, scene.mallory.id))
        with psycopg.connect(url, autocommit=True) as watch:
            async with asyncio.timeout(20):
                while not watch.execute(
                    "select count(*) from pg_locks where not granted"
                    " and relation = 'audit_events'::regclass"
                ).fetchone()[0]:
                    await asyncio.sleep(0.02)
        row = newer.old.execute("select status from users where email like 'mallory%'").fetchone()
        assert row == ("active",)
        assert not work.done()

    assert (await work).changed


async def test_an_appointment_counts_once_and_a_lost_verification_stays_lost(
    scene, ada, server, url
):
    """On two databases that are compared without an archive."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "create table if not exists bootstrap_appointments (email_key text primary key,"
            " appointed_at timestamptz not null default now());"
            "create table if not exists user_addresses (email_key text primary key, user_id uuid"
            " not null unique, email_verified_at timestamptz, email_verified_by text);"
            "insert into user_addresses select lower(email), id from users on conflict do nothing;"
            "update user_addresses set email_verified_at = now(), email_verified_by = 'github'"
        )
    await scene.db.disconnect()
    backup = f"{name_of(url)}_backup"
    server.run(f"create database {backup} template {name_of(url)}")
    with psycopg.connect(url) as connection:
        connection.execute("insert into bootstrap_appointments values ('boss@example.com')")
        connection.execute(
            "update user_addresses set email_verified_at = null, email_verified_by = null"
            " where email_key like 'mallory%'"
        )

    def compared():
        with Newer(url, is_held=False) as newer:
            return carry_over(newer, at(url, backup))

    carried = await asyncio.to_thread(compared)

    with psycopg.connect(at(url, backup)) as connection:
        appointed = connection.execute("select email_key from bootstrap_appointments").fetchall()
        proved = connection.execute(
            "select email_key from user_addresses where email_verified_at is not null"
        ).fetchall()
    server.run(f"drop database {backup}")
    assert ("boss@example.com",) in appointed
    assert proved == [("ada@example.com",)]
    assert carried.listed == ["The address mallory@example.com lost its verification."]


async def test_a_suspended_user_gets_no_token_back_by_being_reinstated(scene, root, rows):
    await suspended(scene)
    await scene.services.users.reinstate(root, scene.mallory.id)

    assert not await scene.by_token()
    ((after, reason),) = rows(
        "select before, reason from audit_events where action = 'token.revoked'"
    )
    assert after["name"] == "deploy"
    assert reason == "The user was suspended."


async def test_tokens_of_users_who_were_suspended_before_the_update_are_revoked_by_it(scene, url):
    Migrations(url, MIGRATIONS).down(to="0021.log-every-table")
    with psycopg.connect(url) as connection:
        connection.execute("update users set status = 'suspended' where email like 'mallory%'")

    Migrations(url, MIGRATIONS).up()
    with psycopg.connect(url) as connection:
        connection.execute("update users set status = 'active'")

    assert not await scene.by_token()


async def test_a_preview_has_the_number_of_later_changes_and_removals(scene, backups, root):
    made = await backups.create(root)
    before = (await backups.restore_preview(root, made.name)).undone
    await suspended(scene)

    after = (await backups.restore_preview(root, made.name)).undone

    # The suspension, and its token.
    assert (after.events - before.events, after.removals - before.removals) == (2, 2)
    assert after.changes == before.changes
    with pytest.raises(NotFound):
        await backups.restore_preview(root, "aiwebengine-20200101-000000-abcdef.tar")
