"""Each problem and its end are notified once; the receivers are real servers."""

import asyncio
import dataclasses
import hashlib
import hmac
import ssl
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from tests.alerts.receivers import mail_server, webhook
from tests.health.certificates import certificate_of

from aiwebengine.alerts.channels import NotDelivered, configured
from aiwebengine.alerts.messages import message
from aiwebengine.alerts.service import Alerts, NoChannel
from aiwebengine.alerts.types import AlertChannel, AlertState, Notice, NoticeKind
from aiwebengine.core.config import Alerts as AlertSettings
from aiwebengine.core.config import Smtp
from aiwebengine.core.errors import Forbidden
from aiwebengine.core.identity import EVERY_SCOPE, Role, Scope, operator
from aiwebengine.health.types import HealthCheck, HealthState

ROOT = operator("root")
OK, WARNING, FAILING, UNKNOWN = (
    HealthState.OK,
    HealthState.WARNING,
    HealthState.FAILING,
    HealthState.UNKNOWN,
)


@pytest.fixture
async def hook():
    async with webhook() as hook:
        yield hook


@pytest.fixture
def alerts_of(engine, hook):
    """The alerts of an instance on the database of this test, which notify the hook at once."""

    def alerts_of(instance="one", **settings):
        given = AlertSettings(
            **{"webhook_url": hook.url, "group_secs": 0, "settle_secs": 0, **settings}
        )
        audit, channels = engine.services.audit, configured(given)
        return Alerts(engine.db, audit, given, channels, instance, "http://engine.example")

    return alerts_of


def seen(name, state, *, times=2, detail="seen", is_shared=False):
    now = datetime.now(UTC)
    return HealthCheck(
        name=name,
        title=f"The {name}",
        state=state,
        detail=detail,
        since=now,
        checked_at=now,
        remedy="Fix it." if state in (WARNING, FAILING) else None,
        times=times,
        is_shared=is_shared,
    )


async def after(db, **age):
    """Let time pass: everything that is waited for began so long ago."""
    await db.execute(
        """
        update alerts set calm_since = calm_since - cast(:age as interval),
          seen_at = seen_at - cast(:age as interval),
          reminded_at = reminded_at - cast(:age as interval),
          over_at = over_at - cast(:age as interval)
        """,
        age=timedelta(**age),
    )
    await db.execute(
        """
        update alert_notices set due_at = due_at - cast(:age as interval),
          sent_at = sent_at - cast(:age as interval)
        """,
        age=timedelta(**age),
    )


async def test_a_failure_and_its_end_are_each_notified_once(engine, alerts_of, hook):
    alerts = alerts_of()

    for _ in range(5):
        await alerts.observe([seen("disk.logs", FAILING, detail="0 B free.")])
        await alerts.deliver()
    for _ in range(5):
        await alerts.observe([seen("disk.logs", OK, detail="2 GB free.")])
        await alerts.deliver()

    began, over = hook.bodies
    assert (began["kind"], began["state"], began["name"]) == ("began", "FAILING", "disk.logs")
    assert began["detail"] == "0 B free. Fix it."
    assert began["instance"] == "one"
    assert began["url"] == "http://engine.example"
    assert "Failing: The disk.logs" in began["text"]
    assert (over["kind"], over["state"], over["detail"]) == ("over", "OK", "2 GB free.")
    (alert,) = await alerts.page(ROOT, None, 10)
    assert (alert.state, alert.channels) == (AlertState.OVER, [AlertChannel.WEBHOOK])
    assert alert.last_sent_at is not None


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("error_rate", "/engine/admin/logs"),
        ("database", "/engine/admin/logs"),
        ("workers", "/engine/admin/logs"),
        ("backup", "/engine/admin/backups"),
        ("migrations", "/engine/admin/migrations"),
        ("disk.data", "/engine/admin/health"),
    ],
)
async def test_a_message_leads_to_the_lines_or_the_page_of_its_fault(
    alerts_of, hook, ask, ada, name, path
):
    alerts = alerts_of()

    await alerts.observe([seen(name, FAILING)])
    await alerts.deliver()
    during = (await ask(ada, "{ alerts { nodes { link } } }"))["data"]["alerts"]["nodes"][0]["link"]
    for _ in range(3):
        await alerts.observe([seen(name, OK)])
        await alerts.deliver()
    after = (await ask(ada, "{ alerts { nodes { link } } }"))["data"]["alerts"]["nodes"][0]["link"]

    began, over = hook.bodies
    assert began["alerts"][0]["link"] == began["link"] == f"http://engine.example{during}"
    assert began["link"] in began["text"]
    assert over["text"].startswith("[aiwebengine] Resolved: ")
    assert during.partition("?")[0] == after.partition("?")[0] == path
    if path.endswith("logs"):
        asked = parse_qs(after.partition("?")[2])
        assert asked["level"] == ["ERROR"]
        assert datetime.fromisoformat(asked["since"][0]) < datetime.now(UTC)
        assert datetime.fromisoformat(asked["until"][0]) > datetime.now(UTC)
        assert "until" not in during


async def test_an_alert_stays_open_while_its_check_is_unknown(engine, alerts_of, hook):
    alerts = alerts_of(settle_secs=60)
    await alerts.observe([seen("disk.logs", FAILING)])
    await alerts.observe([seen("disk.logs", OK)])

    for _ in range(4):
        await after(engine.db, minutes=4)
        await alerts.observe([seen("disk.logs", UNKNOWN), seen("other", UNKNOWN)])
        await alerts.tidy()
    await alerts.observe([seen("disk.logs", OK)])
    await alerts.deliver()
    (alert,) = await alerts.page(ROOT, None, 10)

    # Nor does the time count for which it could not be seen whether it was over.
    assert alert.state is AlertState.OPEN
    assert [body["kind"] for body in hook.bodies] == ["began"]


async def test_one_bad_look_is_an_accident(alerts_of, hook):
    alerts = alerts_of()

    await alerts.observe([seen("clock", FAILING, times=1)])
    await alerts.deliver()

    assert hook.bodies == []
    assert await alerts.count(ROOT) == 0


async def test_what_can_not_be_seen_neither_opens_nor_closes(alerts_of, hook):
    alerts = alerts_of()
    await alerts.observe([seen("backup", UNKNOWN), seen("clock", FAILING)])

    for _ in range(3):
        await alerts.observe([seen("backup", UNKNOWN), seen("clock", UNKNOWN)])
    await alerts.deliver()

    assert len(hook.bodies) == 1
    (alert,) = await alerts.page(ROOT, None, 10)
    assert (alert.name, alert.state) == ("clock", AlertState.OPEN)


async def test_what_happens_together_goes_out_as_one_message(alerts_of, hook):
    alerts = alerts_of()
    checks = [seen("disk.logs", WARNING), *(seen(f"provider.p{n}", FAILING) for n in range(40))]

    await alerts.observe(checks)
    await alerts.deliver()

    (body,) = hook.bodies
    assert body["state"] == "FAILING"
    assert len(body["alerts"]) == 30
    assert "and 40 more" in body["text"]
    assert "… and 11 more." in body["text"]


async def test_what_comes_later_waits_for_its_group(engine, alerts_of, hook):
    alerts = alerts_of(group_secs=30)

    await alerts.observe([seen("clock", FAILING)])
    await alerts.deliver()
    before = len(hook.bodies)
    await alerts.observe([seen("clock", FAILING), seen("migrations", FAILING)])
    await after(engine.db, seconds=31)
    await alerts.deliver()

    assert before == 0
    assert len(hook.bodies) == 1
    assert {one["name"] for one in hook.bodies[0]["alerts"]} == {"clock", "migrations"}


async def test_fifty_flaps_are_few_messages(engine, alerts_of, hook):
    alerts = alerts_of(settle_secs=10)

    for _ in range(50):
        await alerts.observe([seen("provider.team", FAILING)])
        await alerts.deliver()
        await after(engine.db, seconds=3)
        await alerts.observe([seen("provider.team", OK)])
        await alerts.deliver()
        await after(engine.db, seconds=3)

    assert len(hook.bodies) == 1


async def test_what_comes_back_ever_again_takes_ever_longer_to_be_over(engine, alerts_of, hook):
    alerts = alerts_of(settle_secs=10)

    for _ in range(50):
        await alerts.observe([seen("provider.team", FAILING)])
        await alerts.deliver()
        await after(engine.db, seconds=5)
        await alerts.observe([seen("provider.team", OK)])
        await after(engine.db, seconds=25)
        await alerts.observe([seen("provider.team", OK)])
        await alerts.deliver()

    assert 2 <= len(hook.bodies) <= 8


async def test_many_messages_make_the_next_ones_wait_for_company(engine, alerts_of, hook):
    alerts = alerts_of()

    for number in range(50):
        await alerts.observe([seen(f"check{number}", FAILING)])
        await alerts.deliver()
    await after(engine.db, seconds=61)
    await alerts.deliver()

    assert len(hook.bodies) == 7
    assert sum(len(body["alerts"]) for body in hook.bodies[:6]) == 6
    assert len(hook.bodies[6]["alerts"]) == 30


async def test_what_lasts_is_reminded_of(engine, alerts_of, hook):
    alerts = alerts_of(reminder_hours=4)
    await alerts.observe([seen("backup", FAILING)])
    await alerts.deliver()

    for _ in range(3):
        await after(engine.db, hours=3)
        await alerts.observe([seen("backup", FAILING)])
        await alerts.deliver()

    assert [body["kind"] for body in hook.bodies] == ["began", "reminder"]


async def test_a_worsening_is_notified_again(alerts_of, hook):
    alerts = alerts_of()

    for state in (WARNING, FAILING, WARNING, FAILING):
        await alerts.observe([seen("disk.data", state)])
        await alerts.deliver()

    assert [(one["kind"], one["state"]) for one in hook.bodies] == [
        ("began", "WARNING"),
        ("worse", "FAILING"),
    ]


async def test_concurrent_instances_notify_once_of_a_shared_problem(engine, alerts_of, hook):
    many = [alerts_of(f"instance{number}") for number in range(6)]

    for state in (FAILING, FAILING, OK, OK, OK):
        checks = [seen("migrations", state, is_shared=True)]
        await asyncio.gather(*(alerts.observe(checks) for alerts in many))
        await asyncio.gather(*(alerts.deliver() for alerts in many))

    assert len(hook.told("began", "migrations")) == 1
    assert len(hook.told("over", "migrations")) == 1


async def test_what_one_instance_sees_alone_names_it(alerts_of, hook):
    one, other = alerts_of("one"), alerts_of("other")

    await one.observe([seen("disk.logs", FAILING)])
    await other.observe([seen("disk.logs", OK)])
    await one.deliver()
    await other.deliver()

    (told,) = hook.told("began", "disk.logs")
    assert told["instance"] == "one"
    assert hook.told("over", "disk.logs") == []


async def test_what_nobody_reports_any_more_is_closed(engine, alerts_of, hook):
    gone, left = alerts_of("gone"), alerts_of("left")
    await gone.observe([seen("disk.logs", FAILING)])
    await gone.deliver()

    await after(engine.db, minutes=11)
    await left.tidy()
    await left.deliver()

    (over,) = hook.told("over", "disk.logs")
    assert "No longer reported" in over["detail"]
    assert over["instance"] == "gone"


async def test_a_receiver_that_is_down_gets_it_later(engine, alerts_of, hook):
    alerts = alerts_of()
    hook.status = 500
    await alerts.observe([seen("clock", FAILING)])
    for _ in range(5):
        await alerts.deliver()
    (waiting,) = await alerts.page(ROOT, None, 10)
    refused = hook.refused

    hook.status = 200
    await after(engine.db, seconds=5)
    await alerts.deliver()
    await alerts.deliver()

    assert refused == 1
    assert (waiting.last_error, waiting.last_sent_at) == ("127.0.0.1 answered 500", None)
    (body,) = hook.bodies
    assert body["name"] == "clock"
    (told,) = await alerts.page(ROOT, None, 10)
    assert told.last_error is None
    assert told.last_sent_at is not None


async def test_a_receiver_that_hangs_keeps_nobody_waiting(engine, alerts_of, monkeypatch):
    monkeypatch.setattr("aiwebengine.alerts.channels.SEND_LIMIT_SECS", 0.2)
    silent = await asyncio.start_server(lambda *_: asyncio.sleep(3_600), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    alerts = alerts_of(webhook_url=f"http://127.0.0.1:{port}/secret-path")
    await alerts.observe([seen("clock", FAILING)])

    async with asyncio.timeout(30):
        await alerts.deliver()
    silent.close()

    (alert,) = await alerts.page(ROOT, None, 10)
    assert alert.last_error
    assert "secret-path" not in alert.last_error


async def test_the_signature_is_that_of_the_body(alerts_of, hook):
    alerts = alerts_of(webhook_secret="between us")

    await alerts.test(ROOT, None)

    ((headers, body),) = hook.posts
    digest = hmac.new(b"between us", body, hashlib.sha256).hexdigest()
    assert headers["x-aiwebengine-signature"] == f"sha256={digest}"
    assert headers["content-type"] == "application/json"
    timed = f"{headers['x-aiwebengine-timestamp']}.".encode() + body
    digest = hmac.new(b"between us", timed, hashlib.sha256).hexdigest()
    assert headers["x-aiwebengine-timed-signature"] == f"sha256={digest}"
    assert 0 <= time.time() - int(headers["x-aiwebengine-timestamp"]) < 600


async def test_a_new_administrator_is_notified_once(engine, ada, alan, alerts_of, hook):
    alerts, users = [alerts_of("one"), alerts_of("two")], engine.services.users
    for each in alerts:
        await engine.services.chain.seal()
        await each.report_events()
        await each.deliver()
    before = len(hook.told("event", "administrator_added"))

    await users.grant_role(ada, alan.id, Role.EDITOR)
    await users.grant_role(ada, alan.id, Role.ADMINISTRATOR, reason="on call")
    end = datetime.now(UTC) + timedelta(days=1)
    await users.grant_role(ada, alan.id, Role.ADMINISTRATOR, expires_at=end)
    await engine.services.chain.seal()
    for _ in range(3):
        await asyncio.gather(*(each.report_events() for each in alerts))
        await asyncio.gather(*(each.deliver() for each in alerts))

    told = hook.told("event", "administrator_added")
    assert before == 1
    assert len(told) == 2
    assert told[1]["detail"] == (
        "alan@example.com was made an administrator by ada@example.com: on call."
    )


async def test_a_script_that_the_engine_suspends_is_reported_and_one_by_hand_is_not(
    engine, ada, edith, alerts_of, hook
):
    alerts, scripts = alerts_of("one"), engine.services.scripts
    for slug in ("by-hand", "crashing"):
        await scripts.create(edith, slug)
    await scripts.suspend(ada, "by-hand")
    crashing = await scripts.get(edith, "crashing")
    await scripts.suspend_for_crashes(crashing.key, "Three processes ended in 5 minutes.")

    await engine.services.chain.seal()
    await alerts.report_events()
    await alerts.deliver()

    [reported] = hook.told("event", "script_suspended")
    assert reported["detail"] == (
        "The engine suspended the script crashing: Three processes ended in 5 minutes."
    )


async def test_the_trail_is_read_on_from_where_it_was_left(engine, ada, alan, alerts_of, hook):
    await engine.services.chain.seal()
    await alerts_of("stopped").report_events()
    await engine.services.users.grant_role(ada, alan.id, Role.ADMINISTRATOR)
    await engine.services.chain.seal()

    later = alerts_of("started later")
    await later.report_events()
    await later.deliver()

    assert len(hook.told("event", "administrator_added")) == 2


def mailed(mailbox, **smtp):
    smtp = Smtp(**{"host": "127.0.0.1", "port": mailbox.port, "encryption": "none", **smtp})
    return AlertSettings(
        email_to=["ops@example.com", "boss@example.com"],
        email_from="engine@example.com",
        smtp=smtp,
    )


async def test_mail_is_plain_and_goes_to_everybody():
    async with mail_server() as mailbox:
        channel = configured(mailed(mailbox))[AlertChannel.EMAIL]
        notice = Notice(
            NoticeKind.BEGAN, "clock", "Clock", FAILING, "40 s apart.", datetime.now(UTC), "one"
        )
        await channel.send(message([notice], "http://engine.example", "one"))

    (mail,) = mailbox.mails
    assert mail["Subject"] == "[aiwebengine] Failing: Clock"
    assert mailbox.recipients == ["ops@example.com", "boss@example.com"]
    assert mail.get_content_type() == "text/plain"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "40 s apart." in mail.get_content()
    assert "http://engine.example/engine/admin/health" in mail.get_content()


async def test_no_title_can_add_a_header():
    title = "Clock\r\nBcc: eve@example.com\r\n\r\nbody\x00"
    async with mail_server() as mailbox:
        channel = configured(mailed(mailbox))[AlertChannel.EMAIL]
        notice = Notice(NoticeKind.EVENT, "x", title, WARNING, "seen", datetime.now(UTC))
        await channel.send(message([notice], "http://engine.example", "one"))

    (mail,) = mailbox.mails
    assert mail["Bcc"] is None
    assert "eve@example.com" not in mailbox.recipients
    assert mail["Subject"] == "[aiwebengine] Notice: Clock Bcc: eve@example.com body"


async def test_mail_is_sent_with_name_and_password_over_tls(tmp_path, monkeypatch):
    chain = certificate_of("localhost", tmp_path, timedelta(days=1))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    async with mail_server(
        password="hunter2", tls_context=context, require_starttls=True
    ) as mailbox:
        options = {"host": "localhost", "encryption": "starttls", "username": "alerts"}
        right = configured(mailed(mailbox, password="hunter2", **options))[AlertChannel.EMAIL]
        wrong = configured(mailed(mailbox, password="hunter3", **options))[AlertChannel.EMAIL]
        with pytest.raises(NotDelivered, match="certificate"):
            await right.send(_test_message())
        monkeypatch.setenv("SSL_CERT_FILE", str(chain))
        with pytest.raises(NotDelivered) as refused:
            await wrong.send(_test_message())
        await right.send(_test_message())

    assert len(mailbox.mails) == 1
    assert "hunter3" not in str(refused.value)


def _test_message():
    notice = Notice(NoticeKind.TEST, "test", "Test", OK, "seen", datetime.now(UTC))
    return message([notice], "http://engine.example", "one")


async def test_a_server_without_encryption_gets_nothing_when_it_is_asked_for():
    async with mail_server() as mailbox:
        channel = configured(mailed(mailbox, encryption="starttls"))[AlertChannel.EMAIL]

        with pytest.raises(NotDelivered):
            await channel.send(_test_message())

    assert mailbox.mails == []


SEND = """
mutation ($channel: AlertChannel) {
  sendTestAlert(input: {channel: $channel}) { results { channel target delivered error } }
}
"""


async def test_a_test_alert_reports_each_channel_and_is_recorded(
    engine, alerts_of, ada, hook, events_of
):
    async with mail_server() as mailbox:
        smtp = {"host": "127.0.0.1", "port": mailbox.port, "encryption": "none"}
        alerts = alerts_of(email_to=["ops@example.com"], email_from="engine@example.com", smtp=smtp)
        hook.status = 404
        results = await alerts.test(ada, None)

    assert [(one.channel.name, one.delivered) for one in results] == [
        ("WEBHOOK", False),
        ("EMAIL", True),
    ]
    assert results[0].error == "127.0.0.1 answered 404"
    assert len(mailbox.mails) == 1
    assert (await events_of())[-1] == "alert.test_sent"


async def test_a_test_without_any_channel_is_refused(engine, ada, ask, events_of):
    before = await events_of()

    body = await ask(ada, SEND, channel=None)

    assert body["errors"][0]["extensions"]["code"] == "CONFLICT"
    assert "alerts.webhook_url" in body["errors"][0]["message"]
    assert await events_of() == before


async def test_a_channel_that_is_not_configured_is_refused(alerts_of, ada, hook):
    with pytest.raises(NoChannel):
        await alerts_of().test(ada, AlertChannel.EMAIL)

    assert hook.bodies == []


async def test_only_administrators_see_and_test(alerts_of, edith, ada, hook, events_of):
    before = await events_of()
    narrow = dataclasses.replace(ada, scopes=EVERY_SCOPE - {Scope.OPS_WRITE})

    with pytest.raises(Forbidden):
        await alerts_of().page(edith, None, 10)
    for viewer in (edith, narrow):
        with pytest.raises(Forbidden):
            await alerts_of().test(viewer, None)

    assert hook.bodies == []
    assert await events_of() == before


LIST = """
query ($first: Int, $after: String) {
  alerts(first: $first, after: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes { id name state severity message since channels lastError lastSentAt instance }
  }
}
"""


async def test_the_list_goes_page_by_page(alerts_of, ada, ask):
    alerts = alerts_of()
    await alerts.observe([seen(f"check{number}", FAILING) for number in range(5)])

    first = (await ask(ada, LIST, first=3))["data"]["alerts"]
    second = (await ask(ada, LIST, first=3, after=first["pageInfo"]["endCursor"]))["data"]["alerts"]
    bad = await ask(ada, LIST, first=3, after="x")

    names = [one["name"] for one in [*first["nodes"], *second["nodes"]]]
    assert sorted(names) == [f"check{number}" for number in range(5)]
    assert (first["totalCount"], second["pageInfo"]["hasNextPage"]) == (5, False)
    assert first["nodes"][0]["state"] == "OPEN"
    assert bad["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
