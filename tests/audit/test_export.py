"""The trail as a file: the filter of the list, every event once, safe in a spreadsheet."""

import csv
import io
import json

import httpx2
import pytest

from aiwebengine.audit import export
from aiwebengine.core.identity import Role, operator

PATH = "/api/engine/admin/audit"
OPERATOR = operator("tests")


@pytest.fixture
async def client(served, add_served_person):
    """Asks as an administrator's token."""
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    eve = await add_served_person("eve")
    for reason in ("=cmd()|' /C calc'!A0", 'two "words", and a comma', "plain"):
        await served.engine.services.users.grant_role(ada, eve.id, Role.EDITOR, reason=reason)
        await served.engine.services.users.revoke_role(ada, eve.id, Role.EDITOR)
    headers = {"Authorization": f"Bearer {await served.token(ada)}"}
    async with httpx2.AsyncClient(base_url=served.base, headers=headers) as client:
        yield client


async def test_every_event_is_in_the_file_once_newest_first(client, served, monkeypatch):
    monkeypatch.setattr(export, "PAGE", 4)
    answer = await client.get(PATH)

    lines = [json.loads(line) for line in answer.text.splitlines()]
    rows = await served.engine.db.all("select id from audit_events order by at desc, id desc")
    assert [line["id"] for line in lines] == [str(row["id"]) for row in rows][-len(lines) :]
    assert len(lines) >= len(rows) - 1
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert 'attachment; filename="audit-' in answer.headers["content-disposition"]


async def test_a_spreadsheet_reads_the_values_and_runs_none(client):
    answer = await client.get(PATH, params={"format": "csv", "action": "ROLE_GRANTED"})

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["reason"] for row in rows] == [
        "plain",
        'two "words", and a comma',
        "'=cmd()|' /C calc'!A0",
        "",
    ]
    assert {row["action"] for row in rows} == {"ROLE_GRANTED"}
    assert json.loads(rows[0]["after"]) == {"role": "Editor"}


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
async def test_a_filter_that_nothing_passes_makes_an_empty_file(client, kind):
    answer = await client.get(PATH, params={"format": kind, "search": "nobody.at.all"})

    assert answer.status_code == 200
    assert len(answer.text.splitlines()) == (kind == "csv")


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"format": "xml"}, "format"),
        ({"action": "DANCED"}, "action"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-01-01T00:00:00"}, "since"),
        ({"user": "me"}, "user_id"),
        ({"filter": "x"}, "filter"),
    ],
)
async def test_nonsense_is_refused_by_name(client, parameters, named):
    answer = await client.get(PATH, params=parameters)

    assert answer.status_code == 422
    assert named in answer.json()["detail"]


async def test_a_long_export_ends_with_the_right_to_read_it(client, served, monkeypatch):
    monkeypatch.setattr(export, "PAGE", 1)
    services = served.engine.services
    ada = (await services.users.find_by_email(OPERATOR, "ada@example.com")).key
    token = (await services.tokens.of_user(OPERATOR, ada))[0]
    refresh = services.callers.refresh

    async def revoked_meanwhile(viewer):
        await services.tokens.revoke(OPERATOR, token.key)
        return await refresh(viewer)

    monkeypatch.setattr(services.callers, "refresh", revoked_meanwhile)
    with pytest.raises(httpx2.RemoteProtocolError):
        await client.get(PATH)
