"""Setting, reading and removing values."""

import asyncio

import pytest

from aiwebengine.core.errors import BadUserInput, Conflict, NotFound
from aiwebengine.core.identity import operator
from aiwebengine.script_values.types import (
    LARGEST_NUMBER,
    LARGEST_VALUE_BYTES,
    LONGEST_KEY,
    OtherVersion,
)

EXPIRE = "update script_values set expires_at = now() - interval '1 second'"


async def value(values, script, key, user=None):
    found = await values.get(script, user, key)
    return None if found is None else found.value


async def test_a_value_is_what_was_set_last(values, shop):
    assert await value(values, shop, "a") is None

    first = await values.set(shop, None, "a", '{"n": 1}')
    second = await values.set(shop, None, "a", '"two"')

    assert await value(values, shop, "a") == '"two"'
    assert second > first
    assert (await values.get(shop, None, "a")).version == second


async def test_values_belong_to_their_script_and_holder(values, shop, engine, edith, alan):
    other = (await engine.services.scripts.create(edith, "other")).key
    await values.set(shop, None, "a", "1")
    await values.set(shop, alan.id, "a", "2")
    await values.set(other, None, "a", "3")

    await values.clear(shop, None)

    assert await value(values, shop, "a") is None
    assert await value(values, shop, "a", alan.id) == "2"
    assert await value(values, shop, "a", edith.id) is None
    assert await value(values, other, "a") == "3"


async def test_a_value_of_an_unknown_user_is_refused(values, shop):
    with pytest.raises(NotFound):
        await values.set(shop, shop, "a", "1")
    with pytest.raises(NotFound):
        await values.increment(shop, shop, "a")


async def test_a_version_is_replaced_only_once(values, shop):
    first = await values.set(shop, None, "a", "1")

    second = await values.set(shop, None, "a", "2", if_version=first)
    with pytest.raises(OtherVersion) as caught:
        await values.set(shop, None, "a", "3", if_version=first)

    assert caught.value.extensions == {"version": second}
    assert await value(values, shop, "a") == "2"


async def test_version_0_sets_only_a_value_that_is_not_there(values, shop, engine):
    first = await values.set(shop, None, "a", "1", if_version=0)
    with pytest.raises(OtherVersion) as caught:
        await values.set(shop, None, "a", "2", if_version=0)
    await engine.db.execute(EXPIRE)
    await values.set(shop, None, "a", "3", if_version=0)

    assert caught.value.extensions == {"version": first}
    assert await value(values, shop, "a") == "3"


async def test_a_value_that_is_gone_has_no_version(values, shop):
    version = await values.set(shop, None, "a", "1")
    await values.delete(shop, None, "a")

    with pytest.raises(OtherVersion) as caught:
        await values.set(shop, None, "a", "2", if_version=version)
    again = await values.set(shop, None, "a", "2")

    assert caught.value.extensions == {"version": 0}
    assert again != version


async def test_of_those_who_replace_one_version_at_once_one_succeeds(values, shop):
    version = await values.set(shop, None, "a", "0")

    results = await asyncio.gather(
        *(values.set(shop, None, "a", str(n), if_version=version) for n in range(1, 21)),
        return_exceptions=True,
    )

    done = [n for n, result in enumerate(results, 1) if isinstance(result, int)]
    assert len(done) == 1
    assert all(isinstance(one, int | OtherVersion) for one in results)
    assert await value(values, shop, "a") == str(done[0])


async def test_a_value_is_removed(values, shop):
    version = await values.set(shop, None, "a", "1")

    with pytest.raises(OtherVersion):
        await values.delete(shop, None, "a", if_version=version + 1)
    gone = [await values.delete(shop, None, "a", if_version=version)]
    gone.append(await values.delete(shop, None, "a"))

    assert gone == [True, False]


async def test_an_expired_value_is_not_there(values, shop, engine):
    for key in "abc":
        await values.set(shop, None, key, "1", ttl=3600)
    await values.set(shop, None, "d", "1")
    assert (await values.get(shop, None, "a")).expires_at is not None
    await engine.db.execute(EXPIRE + " where expires_at is not null")

    assert await value(values, shop, "a") is None
    assert [one.key for one in (await values.page(shop, None)).items] == ["d"]
    assert not await values.delete(shop, None, "a")
    assert await values.increment(shop, None, "b", 5) == 5
    assert await values.remove_expired() == 2
    assert await values.remove_expired() == 0


@pytest.mark.parametrize("ttl", [0, -1, float("nan"), 1e12])
async def test_an_impossible_expiry_is_refused(values, shop, ttl):
    with pytest.raises(BadUserInput, match="ttl: found"):
        await values.set(shop, None, "a", "1", ttl=ttl)


async def test_increments_at_once_all_count(values, shop):
    await asyncio.gather(*(values.increment(shop, None, "n", 2) for _ in range(50)))

    assert await value(values, shop, "n") == "100"


@pytest.mark.parametrize("held", ['"1"', "1.5", "null", "[1]", str(LARGEST_NUMBER), "9" * 400])
async def test_only_an_integer_is_incremented(values, shop, held):
    await values.set(shop, None, "n", held)

    with pytest.raises(Conflict):
        await values.increment(shop, None, "n")

    assert await value(values, shop, "n") == held


@pytest.mark.parametrize("key", ["", "x" * (LONGEST_KEY + 1), "a\0b", "\ud800"])
async def test_an_unfit_key_is_refused(values, shop, key):
    with pytest.raises(BadUserInput, match="key: "):
        await values.set(shop, None, key, "1")
    with pytest.raises(BadUserInput, match="key: "):
        await values.get(shop, None, key)


@pytest.mark.parametrize(
    "text", ["", "\0", '"' + "x" * LARGEST_VALUE_BYTES + '"', '"' + "é" * 500_000 + '"', "\udfff"]
)
async def test_an_unfit_value_is_refused(values, shop, text):
    with pytest.raises(BadUserInput, match="value: "):
        await values.set(shop, None, "a", text)


async def test_the_longest_key_and_the_largest_value_are_kept(values, shop):
    key, text = "\U0001f600" * LONGEST_KEY, '"' + "x" * (LARGEST_VALUE_BYTES - 2) + '"'

    await values.set(shop, None, key, text)

    assert await value(values, shop, key) == text


async def test_values_end_with_their_script_and_user(values, shop, engine, alan):
    await values.set(shop, None, "a", "1")
    await values.set(shop, alan.id, "a", "1")
    root = operator("tests")
    await engine.services.scripts.delete(root, "shop")
    assert await value(values, shop, "a") == "1", "a deleted script can be restored"

    await engine.db.execute("delete from users where id = :id", id=alan.id)
    left = await engine.db.value("select count(*) from script_values")
    await engine.db.execute("delete from scripts")

    assert left == 1
    assert await engine.db.value("select count(*) from script_values") == 0
    assert await engine.db.value("select count(*) from script_value_totals") == 0
