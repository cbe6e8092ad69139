"""Migration 0022 on a database of the version before."""

from datetime import UTC, datetime

import psycopg
import pytest
from tests.conftest import configured, link

from aiwebengine.app.engine import Engine
from aiwebengine.core.errors import Forbidden
from aiwebengine.core.identity import Origin, Profile, Role, anonymous, operator
from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.migrations.service import Migrations

ROOT = operator("tests")
BEFORE = "0021.log-every-table"
DAY = datetime(2026, 1, 1, tzinfo=UTC)


class OldDatabase:
    """Adds what the version before wrote."""

    def __init__(self, connection):
        self.connection = connection

    def user(self, email, *identities, roles=()):
        """*identities* are provider, address, verified or not, and what the first event said."""
        (user_id,) = self.connection.execute(
            "insert into users (email, last_signed_in_at) values (%s, now()) returning id", [email]
        ).fetchone()
        for provider, address, is_verified, said in identities:
            self.connection.execute(
                "insert into identities (provider, subject, user_id, email, email_verified)"
                " values (%s, %s, %s, %s, %s)",
                [provider, email, user_id, address, is_verified],
            )
            self.event(
                "user.created", user_id, email, {"provider": provider, "emailVerified": said}
            )
        for role in roles:
            self.event("role.granted", user_id, email, {"role": role})
        return user_id

    def event(self, action, user_id, email, after):
        self.connection.execute(
            "insert into audit_events"
            " (action, actor_kind, actor_label, target_type, target_id, target_label, after, door)"
            " values (%s, 'system', 'tests', 'user', %s, %s, %s, 'web')",
            [action, user_id, email, psycopg.types.json.Jsonb(after)],
        )


@pytest.fixture
def old(url):
    Migrations(url, MIGRATIONS).down(to=BEFORE)
    with psycopg.connect(url) as connection:
        yield OldDatabase(connection)


@pytest.fixture
async def migrated(url, tmp_path, old):
    """What makes an engine of this version on what is there."""
    engine = Engine(configured(tmp_path), url)

    async def start():
        old.connection.commit()
        Migrations(url, MIGRATIONS).up()
        await engine.prepare()
        return engine

    yield start
    await engine.db.disconnect()


async def test_only_what_a_provider_proved_counts_as_verified(old, migrated):
    proved = old.user("Ada@Corp.example", ("one", "ADA@corp.example", True, True))
    old.user("edith@corp.example", ("one", "edith@corp.example", False, False))
    old.user("kate@corp.example", ("one", "mallory@evil.example", True, False))
    moved = old.user("grace@corp.example", ("one", "grace@new.example", True, True))
    old.user("invited@corp.example")
    engine = await migrated()

    users = engine.services.users
    verified = {
        email: (await users.find_by_email(ROOT, email)).email_verified
        for email in ("ada", "edith", "kate", "grace", "invited")
        for email in [f"{email}@corp.example"]
    }
    proofs = await engine.db.all(
        "select user_id from identities where address_proved_at is not null"
    )

    assert verified == {
        "ada@corp.example": True,
        "edith@corp.example": False,
        "kate@corp.example": False,
        "grace@corp.example": True,
        "invited@corp.example": False,
    }
    assert {row["user_id"] for row in proofs} == {proved, moved}


async def test_an_account_that_was_shared_is_its_owner_s_again(old, migrated):
    old.user(
        "kate@corp.example",
        ("mallory", "mallory@evil.example", True, False),
        ("corp", "kate@corp.example", True, True),
    )
    engine = await migrated()
    users, arrivals = engine.services.users, engine.services.sign_in._arrivals
    kate = await users.find_by_email(ROOT, "kate@corp.example")
    stolen = await engine.services.sessions.begin(
        anonymous(Origin("web")), kate.key, kate.email, "mallory"
    )

    with pytest.raises(Forbidden, match="owner of this account's address"):
        await arrivals.provision(
            anonymous(Origin("web")),
            Profile("mallory", "kate@corp.example", "mallory@evil.example", True),
        )
    await link(engine, Profile("corp", "kate@corp.example", "kate@corp.example", True))

    assert kate.email_verified
    viewer = await engine.services.callers.by_session(stolen.secret, Origin("web"))
    assert not viewer.is_signed_in
    identities = (await users.identities_of([kate.key]))[0]
    assert [one.provider for one in identities] == ["corp"]


async def test_a_letter_that_0_2_0_took_for_another_proves_nothing(old, migrated):
    kate = old.user("kate@corp.example", ("corp", "kate@corp.example", True, True))
    kelvin = "\u212aate@corp.example"
    old.connection.execute(
        "insert into identities (provider, subject, user_id, email, email_verified)"
        " values ('mallory', 'm', %s, %s, true)",
        [kate, kelvin],
    )
    told = {"provider": "mallory", "emailVerified": True}
    old.event("identity.linked", kate, kelvin, told)
    engine = await migrated()

    proofs = await engine.db.all(
        "select provider, address_proved_at is not null as has_proved from identities order by 1"
    )

    assert [tuple(row.values()) for row in proofs] == [("corp", True), ("mallory", False)]


async def test_who_was_administrator_once_is_not_appointed_again(old, migrated):
    old.user("Boss@corp.example", roles=["Administrator"])
    old.user("edith@corp.example", roles=["Editor"])
    engine = await migrated()

    noted = await engine.db.all("select email_key from bootstrap_appointments")

    assert [row["email_key"] for row in noted] == ["boss@corp.example"]


async def test_addresses_of_before_are_found_by_their_key_and_the_oldest_has_it(old, migrated):
    composed = old.user("\u00e9va@corp.example")
    old.connection.execute(
        "update users set created_at = now() - interval '1 day' where id = %s", [composed]
    )
    decomposed = old.user("e\u0301va@corp.example")
    idn = old.user("a@B\u00fccher.example")
    refused = old.user("<script>@corp.example")
    engine = await migrated()
    users = engine.services.users

    found = {
        email: (await users.find_by_email(ROOT, email)).key
        for email in (
            "\u00c9VA@corp.example",
            "a@b\u00fccher.example",
            "<script>@corp.example",
        )
    }
    await users.delete(ROOT, composed)
    later = await users.find_by_email(ROOT, "\u00e9va@corp.example")
    await link(engine, Profile("one", "eva", "\u00e9va@corp.example", True))

    assert list(found.values()) == [composed, idn, refused]
    assert later.key == decomposed
    assert (await users.find(ROOT, decomposed)).email_verified
    assert (await users.grant_role(ROOT, decomposed, Role.EDITOR)).changed


async def test_a_user_whom_the_version_before_adds_meanwhile_is_found(old, migrated):
    engine = await migrated()
    added = old.user("ada@corp.example")
    old.connection.commit()

    await link(engine, Profile("one", "ada", "ADA@corp.example", True))

    assert (await engine.services.users.find(ROOT, added)).email_verified
    assert await engine.db.value("select count(*) from users") == 1
