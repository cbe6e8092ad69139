"""What nobody changed but everybody wants to know of: new places, new settings."""

import pytest

from aiwebengine.app.engine import Engine
from aiwebengine.audit.types import AuditAction
from aiwebengine.core.config import Auth, Config, Provider, Repository, Security
from aiwebengine.core.identity import Origin


async def found(engine, action):
    rows = await engine.db.all(
        "select * from audit_events where action = :action order by id", action=action.value
    )
    return [dict(row) for row in rows]


async def test_each_new_address_of_a_token_is_recorded_once(engine, ada):
    made = await engine.services.tokens.create(ada, ada.id, "nightly")
    callers = engine.services.callers
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.1", None):
        await callers.by_token(made.secret, Origin("rest", address=address))

    events = await found(engine, AuditAction.TOKEN_USED_FROM_NEW_ADDRESS)

    assert [event["after"]["address"] for event in events] == ["192.0.2.1", "192.0.2.2"]
    assert {event["token_id"] for event in events} == {made.token.key}


def config(tmp_path, **security):
    provider = Provider(client_id="us", client_secret="first secret")
    return Config(
        repository=Repository(data_dir=tmp_path, max_connections=7),
        auth=Auth(providers={"google": provider}),
        security=Security(**security),
    )


@pytest.fixture
def started(url, tmp_path):
    """Start with these settings; what the trail says of it."""

    async def started(config):
        engine = Engine(config, url)
        await engine.prepare()
        before = await engine.db.value("select coalesce(max(id), 0) from audit_events")
        await engine.services.config_history.note_changes(config)
        events = [
            (event["target_label"], event["before"], event["after"])
            for event in await found(engine, AuditAction.SETTING_CHANGED)
            if event["id"] > before
        ]
        stored = str(await engine.db.all("select value from settings"))
        await engine.db.disconnect()
        assert "secret." not in stored
        return {name: (before, after) for name, before, after in events}

    return started


async def test_settings_that_differ_from_the_last_start_are_recorded(started, tmp_path):
    first = await started(config(tmp_path))
    again = await started(config(tmp_path / "elsewhere"))
    changed = config(tmp_path, rate_limit_per_minute=100)
    secret = Provider(client_id="us", client_secret="second secret.")
    changed = changed.model_copy(update={"auth": Auth(providers={"google": secret})})
    third = await started(changed)
    fourth = await started(Config(repository=Repository(data_dir=tmp_path)))

    assert first["repository.max_connections"] == ({"value": 50}, {"value": 7})
    assert first["auth.providers.google.client_id"] == (None, {"value": "us"})
    assert first["auth.providers.google.client_secret"] == (None, {"value": "(secret)"})
    assert not [name for name in first if name.startswith("auth.providers.google.team")]
    assert again == {}
    assert third == {
        "security.rate_limit_per_minute": (None, {"value": 100}),
        "auth.providers.google.client_secret": ({"value": "(secret)"}, {"value": "(secret)"}),
    }
    assert fourth["auth.providers.google.client_id"] == ({"value": "us"}, None)
    assert fourth["security.rate_limit_per_minute"] == ({"value": 100}, None)
