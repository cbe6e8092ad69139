"""Keys are rotated while the engine is in use."""

import asyncio
import secrets

import pytest

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Auth, Config, Provider, Repository, Security
from aiwebengine.core.errors import BadUserInput, Forbidden, NotFound
from aiwebengine.core.identity import Origin, Role, operator
from aiwebengine.graphql.connection import Cursors
from aiwebengine.signing_keys.service import KeyRing, SigningKeys
from aiwebengine.signing_keys.types import CURSORS, SETTINGS

ROOT = operator("root")
PLACE = ("ada", 7)


@pytest.fixture
def at_once(engine):
    """Keys that sign as soon as they are made."""
    return SigningKeys(engine.db, engine.services.audit, activation_secs=0)


async def ring_of(engine, purpose=CURSORS):
    ring = KeyRing(engine.db, purpose)
    await ring.refresh()
    return ring


async def states(engine, purpose="cursors"):
    keys = await engine.services.signing_keys.list(ROOT)
    return [(key.number, key.state.name) for key in keys if key.purpose == purpose]


async def test_old_cursors_work_on_two_running_engines_and_new_ones_on_both(
    engine, url, tmp_path, at_once
):
    other = Engine(Config(repository=Repository(data_dir=tmp_path)), url)
    await other.prepare()
    old = engine.cursors.encode("users", "all", PLACE)

    await at_once.rotate(ROOT, "cursors")
    for one in (engine, other):
        await one.cursor_keys.refresh()
    new = engine.cursors.encode("users", "all", PLACE)

    assert new != old
    for one in (engine, other):
        for cursor in (old, new):
            assert one.cursors.decode("users", "all", cursor) == PLACE
    await other.db.disconnect()


async def test_a_new_key_is_known_everywhere_before_it_signs(engine):
    await engine.services.signing_keys.rotate(ROOT, "cursors")
    early, late = await ring_of(engine), await ring_of(engine)
    told = await states(engine)
    await engine.db.execute("update signing_keys set signs_from = now() where number = 2")
    await late.refresh()

    made = Cursors(late).encode("users", "all", PLACE)

    assert told == [(2, "COMING"), (1, "SIGNS")]
    assert (early.signing[0], late.signing[0]) == (1, 2)
    assert Cursors(early).decode("users", "all", made) == PLACE
    assert await states(engine) == [(2, "SIGNS"), (1, "VERIFIES")]


async def test_an_old_key_ends_after_its_time_and_is_forgotten(engine, at_once):
    ring = await ring_of(engine)
    old = Cursors(ring).encode("users", "all", PLACE)
    await at_once.rotate(ROOT, "cursors")
    await engine.db.execute("update signing_keys set ends_at = now() where number = 1")

    await ring.refresh()

    with pytest.raises(BadUserInput):
        Cursors(ring).decode("users", "all", old)
    assert await at_once.remove_ended() == 1
    assert await states(engine) == [(2, "SIGNS")]


async def test_old_cursors_are_good_for_a_day(engine):
    await engine.services.signing_keys.rotate(ROOT, "cursors")
    await engine.services.signing_keys.rotate(ROOT, "cursors")

    keys = [
        key for key in await engine.services.signing_keys.list(ROOT) if key.purpose == "cursors"
    ]

    newest, middle, oldest = keys
    assert newest.ends_at is None
    for key in (middle, oldest):
        assert 86_400 <= (key.ends_at - key.created_at).total_seconds() < 90_000


async def test_rotations_at_once_make_a_key_each(engine):
    done = await asyncio.gather(
        *(engine.services.signing_keys.rotate(ROOT, "cursors") for _ in range(5))
    )

    assert sorted(keys[0].number for keys in done) == [2, 3, 4, 5, 6]


async def test_the_first_caller_creates_the_key_for_all(engine):
    await engine.db.execute("delete from signing_keys")

    rings = await asyncio.gather(*(ring_of(engine) for _ in range(8)))

    assert len({ring.signing for ring in rings}) == 1


async def test_sessions_and_tokens_outlive_every_rotation(engine, ada, at_once):
    session = await engine.services.sessions.begin(ada, ada.id, ada.label, "link")
    token = await engine.services.tokens.create(ROOT, ada.id, "tests")

    for _ in range(3):
        await at_once.rotate(ROOT, None)
    await engine.db.execute("delete from signing_keys where ends_at is not null")

    origin = Origin("graphql")
    callers = engine.services.callers
    assert (await callers.by_session(session.secret, origin)).id == ada.id
    assert (await callers.by_token(token.secret, origin)).id == ada.id


async def test_a_rotation_is_traced_and_nobody_else_may(engine, ada, edith, events_of):
    before = await events_of()
    with pytest.raises(Forbidden):
        await engine.services.signing_keys.rotate(edith, None)
    with pytest.raises(NotFound, match="Purposes: cursors, settings, script-secrets"):
        await engine.services.signing_keys.rotate(ada, "sessions")
    unchanged = await events_of()

    made = await engine.services.signing_keys.rotate(ada, None)

    assert unchanged == before
    assert await events_of() == [*before, *["secret.rotated"] * 3]
    assert {(key.purpose, key.number) for key in made} == {
        *(("cursors", 2), ("settings", 2), ("script-secrets", 2))
    }


def config(secret, **security):
    provider = Provider(client_id="us", client_secret=secret)
    return Config(auth=Auth(providers={"google": provider}), security=Security(**security))


async def changed_settings(engine):
    rows = await engine.db.all(
        "select target_label from audit_events where action = 'setting.changed' order by id"
    )
    return [row["target_label"] for row in rows]


async def test_a_rotation_reports_no_secret_as_changed_but_a_change_still_is(engine, at_once):
    note_changes = engine.services.config_history.note_changes
    secret = secrets.token_hex()
    await note_changes(config(secret, api_key="k" * 20))
    at_first = await changed_settings(engine)

    await at_once.rotate(ROOT, "settings")
    await note_changes(config(secret, api_key="k" * 20))
    rotated = await changed_settings(engine)
    await at_once.rotate(ROOT, "settings")
    await note_changes(config(secret + "x", api_key="k" * 20))
    changed = await changed_settings(engine)

    assert rotated == at_first
    assert changed == [*at_first, "auth.providers.google.client_secret"]
    # Once the last digest is made with the new key, the older keys have ended.
    assert await states(engine, "settings") == [(3, "SIGNS")]
    assert (await ring_of(engine, SETTINGS)).signing[0] == 3


async def test_how_old_a_secret_is_does_not_depend_on_its_digest(engine, at_once):
    settings = engine.services.config_history
    await settings.note_changes(config("one", api_key="k" * 20))
    await engine.db.execute("update settings set changed_at = now() - interval '100 days'")
    await at_once.rotate(ROOT, "settings")

    await settings.note_changes(config("two", api_key="k" * 20))

    (old, then), (young, now) = await settings.secrets()
    assert (old, young) == ("security.api_key", "auth.providers.google.client_secret")
    assert (now - then).days == 100


async def test_keys_by_graphql_without_their_secrets(ask, ada, add_person):
    rotate = "mutation { rotateSecrets(input: {}) { signingKeys { purpose number state } } }"

    made = await ask(ada, rotate)
    listed = await ask(ada, "{ signingKeys { purpose number state createdAt endsAt } }")
    refused = await ask(await add_person("ed", Role.EDITOR), rotate)

    assert made["data"]["rotateSecrets"]["signingKeys"] == [
        {"purpose": "cursors", "number": 2, "state": "COMING"},
        {"purpose": "script-secrets", "number": 2, "state": "COMING"},
        {"purpose": "settings", "number": 2, "state": "COMING"},
    ]
    assert [key["number"] for key in listed["data"]["signingKeys"]] == [2, 1, 2, 1, 2, 1]
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
