"""Keys of secrets: rotation, keys that are missing or wrong, rows that were moved."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from aiwebengine.core.identity import operator
from aiwebengine.health import scripts as health_scripts
from aiwebengine.script_secrets.types import SecretUnreadable
from aiwebengine.signing_keys.service import SigningKeys

VALUE = "sk-live-4242"
NUMBERS = "select key_number, count(*) as number from script_secrets group by 1 order by 1"


class _Sender:
    def __init__(self, script_id, user_id=None):
        self.script_id = script_id
        self.user_id = user_id


@pytest.fixture
async def hello(engine, edith):
    return await engine.services.scripts.create(edith, "hello")


@pytest.fixture
def secrets(engine):
    return engine.services.script_secrets


@pytest.fixture
def rotate(engine):
    """Rotate the key, which is active at once."""
    keys = SigningKeys(engine.db, engine.services.audit, activation_secs=0)

    async def rotate():
        await keys.rotate(operator("tests"), "script-secrets")

    return rotate


async def value_of(secrets, script, name="API_KEY"):
    return (await secrets.to_send(_Sender(script.key), [name]))[name].value


async def test_secrets_are_encrypted_with_a_new_key(
    engine, hello, secrets, set_secret, rotate, monkeypatch
):
    monkeypatch.setattr("aiwebengine.script_secrets.service.RESEALED_AT_ONCE", 2)
    for name in "ABCDE":
        await set_secret(name, f"value of {name}")
    assert await secrets.reseal() == 0

    await rotate()
    # Old keys decrypt until nothing needs them.
    assert await value_of(secrets, hello, "A") == "value of A"
    assert await secrets.reseal() == 5

    rows = await engine.db.all(NUMBERS)
    assert [dict(row) for row in rows] == [{"key_number": 2, "number": 5}]
    assert [await value_of(secrets, hello, name) for name in "AE"] == ["value of A", "value of E"]
    left = await engine.db.all(
        "select number from signing_keys where purpose = 'script-secrets' and ends_at is null"
    )
    assert [row["number"] for row in left] == [2]
    assert await engine.services.signing_keys.remove_ended() == 1
    assert await value_of(secrets, hello, "B") == "value of B"
    assert await secrets.reseal() == 0


async def test_workers_change_keys_at_the_same_time(
    engine, hello, secrets, set_secret, rotate, edith, monkeypatch
):
    monkeypatch.setattr("aiwebengine.script_secrets.service.RESEALED_AT_ONCE", 3)
    for number in range(12):
        await set_secret(f"S{number}", f"value {number}")
    await rotate()

    others = [type(engine)(engine.config, str(engine.db._url)) for _ in range(2)]
    for other in others:
        await other.db.connect()
    try:
        every = [secrets, *(other.services.script_secrets for other in others)]
        done = await asyncio.gather(
            *(one.reseal() for one in every),
            *(every[1].set(edith, "hello", f"N{number}", "new", []) for number in range(5)),
        )
        # What others had locked, and what was set meanwhile with the older key.
        done += [await secrets.reseal()]
    finally:
        for other in others:
            await other.db.disconnect()

    rows = await engine.db.all(NUMBERS)
    assert [dict(row) for row in rows] == [{"key_number": 2, "number": 17}]
    assert await secrets.unreadable() == []


async def test_a_key_that_is_missing_is_reported(engine, hello, secrets, set_secret):
    await set_secret("API_KEY", VALUE)
    await set_secret("OTHER", VALUE)
    await engine.db.execute("delete from signing_keys where purpose = 'script-secrets'")

    fresh = type(engine)(engine.config, str(engine.db._url))
    await fresh.db.connect()
    try:
        problems = await fresh.services.script_secrets.unreadable()
        with pytest.raises(SecretUnreadable, match=r"API_KEY can't be decrypted: .* key 1 of"):
            await value_of(fresh.services.script_secrets, hello)
    finally:
        await fresh.db.disconnect()

    assert len(problems) == 1
    assert problems[0].startswith("hello: The secret ")
    assert problems[0].endswith("So are 1 more.")


async def test_another_key_of_the_same_number_is_reported(engine, hello, secrets, set_secret):
    await set_secret("API_KEY", VALUE)
    await engine.db.execute(
        "update signing_keys set secret = :secret where purpose = 'script-secrets'",
        secret=b"x" * 32,
    )
    fresh = type(engine)(engine.config, str(engine.db._url))
    await fresh.db.connect()
    try:
        found = await health_scripts.secrets(fresh.services.script_secrets.unreadable).see()
    finally:
        await fresh.db.disconnect()

    assert found.state.name == "FAILING"
    assert "encrypted with another key" in found.detail
    # This process still has the right one.
    assert await value_of(secrets, hello) == VALUE


async def test_a_secret_that_can_not_be_decrypted_can_be_set_again(
    engine, hello, secrets, set_secret, rotate
):
    await set_secret("API_KEY", VALUE)
    await set_secret("GOOD", VALUE)
    await engine.db.execute(
        "update script_secrets set ciphertext = 'nonsense' where name = 'API_KEY'"
    )
    await rotate()
    # The broken one keeps its key, and does not keep the other from its new one.
    assert await secrets.reseal() == 1
    assert await value_of(secrets, hello, "GOOD") == VALUE
    with pytest.raises(SecretUnreadable):
        await value_of(secrets, hello)

    await set_secret("API_KEY", "another")
    assert await value_of(secrets, hello) == "another"
    assert await secrets.unreadable() == []


@pytest.mark.parametrize(
    "change",
    [
        "hosts = '{evil.example}'",
        "name = 'ANOTHER'",
        "script_id = (select id from scripts where slug = 'other')",
        "user_id = (select id from users where email = 'ada@example.com')",
    ],
)
async def test_a_row_that_was_changed_is_no_secret(
    engine, hello, ada, edith, secrets, set_secret, change
):
    other = await engine.services.scripts.create(edith, "other")
    await set_secret("API_KEY", VALUE, "a.example.org")
    await engine.db.execute(f"update script_secrets set {change}")

    for script in (hello, other):
        for name in ("API_KEY", "ANOTHER"):
            for user in (None, ada.id):
                # Not found there, or not decrypted.
                with suppress(SecretUnreadable):
                    assert await secrets.to_send(_Sender(script.key, user), [name]) == {}


async def test_a_deleted_script_and_user_lose_their_secrets(engine, hello, ada, secrets):
    await secrets.set_own(_Sender(hello.key, ada.id), "OWN", "value")
    await secrets.set_own(_Sender(hello.key, None), "SCRIPTS", "value")

    await engine.db.execute("delete from users where id = :id", id=ada.id)
    assert await engine.db.value("select count(*) from script_secrets") == 1
    await engine.db.execute("delete from scripts where slug = 'hello'")
    assert await engine.db.value("select count(*) from script_secrets") == 0
