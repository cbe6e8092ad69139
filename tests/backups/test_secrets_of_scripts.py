"""Secrets of scripts in backups: encrypted, and readable after a restore."""

from __future__ import annotations

from aiwebengine.signing_keys.service import SigningKeys

VALUE = "sk-live-4242"


class _Sender:
    user_id = None

    def __init__(self, script_id):
        self.script_id = script_id


async def test_a_restored_secret_is_readable_though_its_key_had_ended(engine, backups, root):
    secrets, keys = engine.services.script_secrets, engine.services.signing_keys
    script = await engine.services.scripts.create(root, "hello")
    await secrets.set(root, "hello", "API_KEY", VALUE, ["api.example.org"])
    made = await backups.create(root)
    # The key of the backup ends, and a newer one encrypts.
    await SigningKeys(engine.db, engine.services.audit, activation_secs=0).rotate(
        root, "script-secrets"
    )
    assert await secrets.reseal() == 1
    assert await keys.remove_ended() == 1

    drilled = await backups.drill(root, name=made.name)
    await backups.restore(root, made.name, with_safety_backup=False)

    checks = {check["name"]: check for check in drilled.details["checks"]}
    assert checks["secrets"]["ok"], checks["secrets"]
    assert await secrets.unreadable() == []
    found = await secrets.to_send(_Sender(script.key), ["API_KEY"])
    assert found["API_KEY"].value == VALUE
    # The newest key encrypts it again.
    assert await secrets.reseal() == 1
    found = await secrets.to_send(_Sender(script.key), ["API_KEY"])
    assert found["API_KEY"].value == VALUE


async def test_a_drill_says_that_keys_are_missing(engine, backups, root):
    await engine.services.scripts.create(root, "hello")
    secrets = engine.services.script_secrets
    await secrets.set(root, "hello", "API_KEY", VALUE, ["api.example.org"])
    await engine.db.execute("delete from signing_keys where purpose = 'script-secrets'")
    made = await backups.create(root)

    drilled = await backups.drill(root, name=made.name)

    check = next(one for one in drilled.details["checks"] if one["name"] == "secrets")
    assert not check["ok"]
    assert (
        "hello: The secret API_KEY can't be decrypted: the key 1 of script-secrets"
        in (check["told"])
    )
