"""Messages between real scripts of both forms."""

import asyncio
import json

import pytest

SHOP = """
export const routes = {
  "POST /shop/send": async (request, env) => {
    try {
      return Response.json({ value: await env.messages.send(...(await request.json())) });
    } catch (error) {
      return Response.json({ code: error.code, message: error.message });
    }
  },
};
"""
BILLING = """
export const messages = ["order.created"];
export default {
  async message(event, env, ctx) {
    console.log("got", JSON.stringify(event), event.sentAt instanceof Date);
    if (event.data === "fail") throw new Error("no luck");
  },
};
"""
CLASSIC = """
function created(context) {
  console.log("classic " + context.kind + " " + context.messageType + " " + context.messageData);
}
function send(context) {
  return ResponseBuilder.text(dispatcher.sendMessage("order.created", context.request.body));
}
function init() {
  dispatcher.registerListener("order.created", "created");
  routeRegistry.registerRoute("/classic/send", "send", "POST");
}
"""
ECHO = """
export const messages = ["ping"];
export const routes = {
  "POST /echo": async (request, env) => Response.json(await env.messages.send("ping", 0)),
};
export default {
  async message(event, env) {
    console.log("hop", event.data);
    await env.messages.send("ping", event.data + 1);
  },
};
"""


async def tried(db, attempt):
    """Wait until the end of an attempt is recorded."""
    async with asyncio.timeout(60):
        while not await db.value(
            "select exists (select from script_deliveries where attempt = :attempt"
            " and runner is null)",
            attempt=attempt,
        ):
            await asyncio.sleep(0.05)


@pytest.fixture
def send(visit):
    async def send(*args):
        return json.loads(await visit("shop", "/shop/send", json.dumps(args).encode()))

    return send


async def test_scripts_of_both_forms_exchange_messages(deploy, logged, visit, send):
    await deploy("shop", SHOP)
    await deploy("billing", BILLING)
    await deploy("classic", CLASSIC, name="main.js")

    sent = await send("order.created", {"total": 5, "note": "a\0b"})
    assert sent["value"]["receivers"] == 2
    (line,) = [line for line in await logged("billing", "got") if "got" in line]
    event = json.loads(line.removeprefix("got ").removesuffix(" true"))
    assert event["data"] == {"total": 5, "note": "a\0b"}
    assert (event["from"], event["type"], event["attempt"]) == ("shop", "order.created", 1)
    assert event["id"] == sent["value"]["id"]
    lines = await logged("classic", "classic messageListener")
    assert 'classic messageListener order.created {"total":5,"note":"a\\u0000b"}' in lines

    for text in ('{"by":"classic"}', "plain", '"quoted"'):
        assert "2 listeners" in await visit("classic", "/classic/send", text.encode())
        await logged("classic", f"order.created {text}")
    await logged("billing", '{"by":"classic"}')


async def test_a_message_that_fails_is_repeated_and_dies_in_sight_of_its_owner(
    deploy, logged, send, working, ask, ada
):
    await deploy("shop", SHOP)
    await deploy("billing", BILLING)
    await send("order.created", "fail")
    for attempt in range(1, 6):
        await tried(working.db, attempt)
        await working.db.execute("update script_deliveries set next_at = now()")
        working.scripting.work.messages.wake()

    listed = """{ scriptMessages(slug: "billing", state: DEAD) {
      totalCount nodes { id type sender data attempt problem } } }"""
    found = (await ask(ada, listed))["data"]["scriptMessages"]
    assert found["totalCount"] == 1
    (dead,) = found["nodes"]
    assert (dead["type"], dead["sender"], dead["data"]) == ("order.created", "shop", '"fail"')
    assert dead["attempt"] == 5
    assert "no luck" in dead["problem"]

    change = """mutation ($ids: [ID!]) {
      %s(input: {slug: "billing", ids: $ids}) { count } }"""
    retried = await ask(ada, change % "retryScriptMessages", ids=[dead["id"]])
    assert retried["data"] == {"retryScriptMessages": {"count": 1}}
    await tried(working.db, 1)
    await working.db.execute(
        "update script_deliveries set state = 'dead', runner = null, died_at = now()"
    )
    discarded = await ask(ada, change % "discardScriptMessages")
    assert discarded["data"] == {"discardScriptMessages": {"count": 1}}
    unknown = await ask(ada, change % "discardScriptMessages", ids=["1"])
    assert unknown["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    wrong = await ask(ada, change % "discardScriptMessages", ids=["x"])
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_chain_of_messages_ends(deploy, logged, visit, working):
    await deploy("echo", ECHO)
    await visit("echo", "/echo")

    lines = await logged("echo", "of a chain", secs=120)
    assert max(int(line[4:]) for line in lines if line.startswith("hop")) == 31


@pytest.mark.parametrize(
    ("args", "code", "part"),
    [
        (["order created"], "BAD_USER_INPUT", "the type is 'order created'"),
        (["order.created", "x" * 300_000], "BAD_USER_INPUT", "allowed: 262,144"),
        (["order.created", 1, {"delay": "31d"}], "BAD_USER_INPUT", "at most 30 days"),
        (["order.created", 1, {"key": ""}], "BAD_USER_INPUT", "1 to 200 characters"),
        (["order.created", 1, {"to": "nobody"}], "NOT_FOUND", "nobody does not receive"),
        ([7], "BAD_USER_INPUT", "type_name"),
    ],
    ids=range(6),
)
async def test_a_message_that_can_not_be_sent_is_refused(deploy, send, args, code, part):
    await deploy("shop", SHOP)
    await deploy("billing", BILLING)
    refused = await send(*args)

    assert refused["code"] == code
    assert part in refused["message"]


async def test_a_key_sends_once(deploy, send, logged):
    await deploy("shop", SHOP)
    await deploy("billing", BILLING)
    first = await send("order.created", 1, {"key": "order 1"})
    second = await send("order.created", 1, {"key": "order 1"})

    assert second["value"] == {**first["value"], "isDuplicate": True}


async def test_no_more_may_wait_than_allowed(deploy, send, working, monkeypatch):
    monkeypatch.setattr("aiwebengine.script_messages.store.MOST_PENDING", 3)
    monkeypatch.setattr("aiwebengine.script_messages.operations.MOST_PER_MINUTE", 5)
    await deploy("shop", SHOP)
    await deploy("billing", BILLING)
    answers = [await send("order.created", 1, {"delay": "1h"}) for _ in range(6)]

    assert [answer.get("code") for answer in answers] == [None] * 3 + ["LIMIT"] * 3
    assert "within a minute" in answers[5]["message"]


TRANSACTIONS = """
export const routes = {
  "POST /shop/order": async (request, env) => {
    const way = await request.text();
    await env.db.query("create table if not exists orders (way text)");
    try {
      const answer = await env.db.transaction(async (tx) => {
        await tx.query("insert into orders values ($1)", [way]);
        const sent = await env.messages.send("order.created", way, { key: "order" });
        if (way === "throws") throw new Error("rolled back");
        if (way === "dies") while (true);
        return sent;
      });
      return Response.json(answer);
    } catch (error) {
      return Response.json({ message: error.message });
    }
  },
};
export default {};
"""


async def test_a_message_of_a_transaction_is_sent_if_that_is_committed(
    deploy, visit, working, logged, lines_of
):
    await deploy("shop", TRANSACTIONS)
    await deploy("billing", BILLING)
    deliveries = "select count(*) from script_deliveries"

    answer = json.loads(await visit("shop", "/shop/order", b"throws"))
    assert answer == {"message": "rolled back"}
    with pytest.raises(AssertionError, match="504"):
        await visit("shop", "/shop/order", b"dies")
    # The key of what was rolled back is free.
    sent = json.loads(await visit("shop", "/shop/order", b"commits"))
    assert (sent["receivers"], sent["isDuplicate"]) == (1, False)
    again = json.loads(await visit("shop", "/shop/order", b"commits"))
    assert (again["id"], again["isDuplicate"]) == (sent["id"], True)

    await logged("billing", "got")
    async with asyncio.timeout(60):
        while await working.db.value(deliveries):
            await asyncio.sleep(0.05)
    got = [line for line in await lines_of("billing") if line.startswith("got")]
    assert [json.loads(line[4:-5])["data"] for line in got] == ["commits"]
    assert await working.db.value("select count(*) from script_messages") == 0
