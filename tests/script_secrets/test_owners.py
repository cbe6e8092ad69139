"""What owners do with secrets, and what nobody can do."""

from __future__ import annotations

import pytest

from aiwebengine.audit.types import AuditFilter
from aiwebengine.core.errors import BadUserInput, Conflict, Forbidden, NotFound
from aiwebengine.core.identity import Role, operator
from aiwebengine.script_secrets import types
from aiwebengine.script_secrets.types import LARGEST_VALUE_BYTES

VALUE = "sk-live-4242"
SET = """
  mutation ($name: String = "API_KEY", $value: String!, $hosts: [String!]!) {
    setScriptSecret(input: {slug: "hello", name: $name, value: $value, hosts: $hosts}) {
      secret { name hosts setBy }
    }
  }
"""
LIST = '{ script(slug: "hello") { secrets { name hosts setAt setBy } fetchHosts } }'
REMOVE = """
  mutation { removeScriptSecret(input: {slug: "hello", name: "API_KEY"}) { secrets { name } } }
"""


@pytest.fixture
async def hello(engine, edith):
    return await engine.services.scripts.create(edith, "hello")


async def events(engine, ada):
    found = await engine.services.audit.page(ada, AuditFilter(), None, 50)
    return [one for one in found if one.action.name.startswith("SCRIPT_SECRET")]


async def test_a_secret_is_set_listed_and_removed(engine, hello, edith, ada, data):
    done = await data(edith, SET, value=VALUE, hosts=["API.example.org", "*.example.net"])
    listed = await data(edith, LIST)
    left = await data(edith, REMOVE)

    secret = {
        "name": "API_KEY",
        "hosts": ["*.example.net", "api.example.org"],
        "setBy": "edith@example.com",
    }
    assert done["setScriptSecret"]["secret"] == secret
    assert listed["script"]["secrets"][0].pop("setAt")
    assert listed["script"]["secrets"] == [secret]
    assert left == {"removeScriptSecret": {"secrets": []}}
    removed, was_set = await events(engine, ada)
    assert was_set.after == {"name": "API_KEY", "hosts": secret["hosts"]}
    assert removed.before == was_set.after
    assert VALUE not in f"{was_set} {removed}"


async def test_others_neither_set_nor_see_secrets(engine, hello, edith, add_person, data, ask):
    emma = await add_person("emma", Role.EDITOR)
    await data(edith, SET, value=VALUE, hosts=["a.example.org"])

    refused = await ask(emma, SET, value="other", hosts=["evil.example"])
    unlisted = await data(emma, LIST)

    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert unlisted["script"]["secrets"] is None
    with pytest.raises(Forbidden, match="Only an owner of hello"):
        await engine.services.script_secrets.all(emma, "hello")


async def test_a_value_is_encrypted_in_the_database(engine, hello, set_secret):
    await set_secret("API_KEY", VALUE, "a.example.org")
    await set_secret("OTHER", VALUE, "a.example.org")

    rows = await engine.db.all("select * from script_secrets order by name")

    assert all(VALUE.encode() not in bytes(row["ciphertext"]) for row in rows)
    # The same value is not recognizable as the same.
    assert rows[0]["ciphertext"] != rows[1]["ciphertext"]


@pytest.mark.parametrize("name", ["", "_A", "1A", "A-B", "A B", "Ä", "A" * 65])
async def test_other_names_are_refused(hello, set_secret, name):
    with pytest.raises(BadUserInput, match="name: found"):
        await set_secret(name, VALUE)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "it is empty"),
        ("a\0b", "a zero byte"),
        ("\ud800", "half a surrogate pair"),
        ("ä" * (LARGEST_VALUE_BYTES // 2 + 1), "found 16,386 bytes; allowed: 16,384"),
    ],
)
async def test_other_values_are_refused(hello, set_secret, value, reason):
    with pytest.raises(BadUserInput, match=f"value: .*{reason}"):
        await set_secret("API_KEY", value)


async def test_the_largest_secret_and_longest_list_are_stored(hello, set_secret):
    label = "a" * 63
    hosts = [f"{number:03}.{label}.{label}.{label}.example.org" for number in range(50)]

    secret = await set_secret("A" * 64, "x" * LARGEST_VALUE_BYTES, *hosts)

    assert len(secret.hosts) == 50


async def test_a_script_has_so_many_secrets(hello, set_secret, monkeypatch):
    monkeypatch.setattr("aiwebengine.script_secrets.service.MOST_OF_SCRIPT", 2)
    await set_secret("A", VALUE)
    await set_secret("B", VALUE)
    await set_secret("B", "another value")
    with pytest.raises(Conflict, match="2 secrets; allowed: 2"):
        await set_secret("C", VALUE)
    assert types.MOST_OF_SCRIPT == 100


async def test_removing_what_is_not_there_is_refused(engine, hello, edith):
    with pytest.raises(NotFound, match="hello has no secret API_KEY"):
        await engine.services.script_secrets.remove(edith, "hello", "API_KEY")


async def test_the_log_loses_secrets_before_it_is_stored(deployed, running, run, set_secret):
    await deployed(
        """
        export const routes = {
          "GET /hello": () => {
            console.log("the value is %s, twice sk-live-4242".replace("%s", "sk-live-4242"));
            console.log(JSON.stringify({ quoted: 'with "quotes" in it' }));
            throw new Error("failed with sk-live-4242");
          },
        };
        """
    )
    await set_secret("API_KEY", VALUE)
    await set_secret("QUOTED", 'with "quotes" in it')

    answer = await run("/hello")
    await running.scripting.journal.flush()
    stored = await running.db.all("select level, text from script_log order by id")

    for texts in ([line["text"] for line in answer["log"]], [row["text"] for row in stored]):
        assert texts[0] == "the value is [secret API_KEY], twice [secret API_KEY]"
        assert texts[1] == '{"quoted":"[secret QUOTED]"}'
        assert texts[2].startswith("failed with [secret API_KEY]")
        assert VALUE not in "".join(texts)


async def test_a_new_value_is_redacted_at_once(deployed, running, run, set_secret):
    await deployed(
        'export const routes = { "GET /hello": () => { console.log("old one, new one"); } };'
    )
    await set_secret("API_KEY", "old one")
    first = await run("/hello")
    await set_secret("API_KEY", "new one")
    second = await run("/hello")

    assert first["log"][0]["text"] == "[secret API_KEY], new one"
    assert second["log"][0]["text"] == "old one, [secret API_KEY]"


async def test_a_visitors_secret_goes_before_the_scripts(running, hello, edith, add_person):
    secrets, script = running.services.script_secrets, hello.key
    visitor = await add_person("vera", Role.EDITOR)
    sender = _Sender(script, visitor.id)
    await secrets.set(edith, "hello", "API_KEY", VALUE, ["a.example.org"])

    await secrets.set_own(sender, "API_KEY", "vera's")
    await secrets.set_own(sender, "FREE", "anywhere")
    own = await secrets.to_send(sender, ["API_KEY", "FREE", "MISSING"])
    others = await secrets.to_send(_Sender(script, None), ["API_KEY", "FREE"])

    assert {name: (one.value, one.hosts) for name, one in own.items()} == {
        "API_KEY": ("vera's", ("a.example.org",)),
        "FREE": ("anywhere", ("*",)),
    }
    assert {name: one.value for name, one in others.items()} == {"API_KEY": VALUE}
    assert await secrets.remove_own(sender, "API_KEY")
    assert not await secrets.remove_own(sender, "API_KEY")
    again = await secrets.to_send(sender, ["API_KEY"])
    assert again["API_KEY"].value == VALUE


async def test_a_script_without_visitor_can_not_replace_an_owners_secret(
    running, hello, set_secret
):
    secrets, sender = running.services.script_secrets, _Sender(hello.key, None)
    await set_secret("API_KEY", VALUE, "a.example.org")

    with pytest.raises(Forbidden, match="An owner set the secret API_KEY"):
        await secrets.set_own(sender, "API_KEY", "another")
    await secrets.set_own(sender, "OWN", "one")
    await secrets.set_own(sender, "OWN", "two")
    assert not await secrets.remove_own(sender, "API_KEY")
    assert await secrets.remove_own(sender, None)

    assert await secrets.has(sender, "API_KEY")
    assert not await secrets.has(sender, "OWN")


async def test_visitors_have_so_many_secrets(running, hello, ada, edith, monkeypatch):
    monkeypatch.setattr("aiwebengine.script_secrets.service.MOST_OF_USER", 2)
    monkeypatch.setattr("aiwebengine.script_secrets.service.MOST_OF_USERS", 3)
    secrets = running.services.script_secrets
    for name in ("A", "B"):
        await secrets.set_own(_Sender(hello.key, ada.id), name, "value")
    with pytest.raises(Conflict, match="2 secrets already; allowed: 2"):
        await secrets.set_own(_Sender(hello.key, ada.id), "C", "value")
    await secrets.set_own(_Sender(hello.key, edith.id), "A", "value")
    with pytest.raises(Conflict, match="Visitors have 3 secrets"):
        await secrets.set_own(_Sender(hello.key, edith.id), "B", "value")


async def test_hosts_that_a_script_may_reach(running, hello, edith, add_person, data, ask):
    emma = await add_person("emma", Role.EDITOR)
    document = """
      mutation ($hosts: [String!]) {
        setScriptFetchHosts(input: {slug: "hello", hosts: $hosts}) { hosts }
      }
    """
    any_host = await data(edith, LIST)
    some = await data(edith, document, hosts=["B.example.org", "*.a.example.org"])
    listed = await data(emma, LIST)
    refused = await ask(emma, document, hosts=None)
    invalid = await ask(edith, document, hosts=["https://a.example.org/"])
    none = await data(edith, document, hosts=[])
    again = await data(edith, document, hosts=None)

    assert any_host["script"]["fetchHosts"] is None
    assert some == {"setScriptFetchHosts": {"hosts": ["*.a.example.org", "b.example.org"]}}
    assert listed["script"]["fetchHosts"] == ["*.a.example.org", "b.example.org"]
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert invalid["errors"][0]["message"].startswith("hosts: found 'https://a.example.org/'")
    assert none == {"setScriptFetchHosts": {"hosts": []}}
    assert again == {"setScriptFetchHosts": {"hosts": None}}
    found = await running.services.audit.page(operator("tests"), AuditFilter(), None, 3)
    assert found[0].before == {"fetch_hosts": []}
    assert found[1].after == {"fetch_hosts": []}


class _Sender:
    def __init__(self, script_id, user_id):
        self.script_id = script_id
        self.user_id = user_id
