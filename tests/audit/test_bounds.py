"""No text that somebody else chose is stored without a limit."""

import json
import re
from uuid import uuid4

import httpx2
import pytest

from aiwebengine.audit import bounds, store
from aiwebengine.audit.details import EVENT_SCHEMAS
from aiwebengine.audit.types import AuditAction, AuditFilter, Target
from aiwebengine.core.identity import ActorKind, Origin, Viewer

LONG = '\x1b[31mé"\\' * 10_000
KIND = EVENT_SCHEMAS[AuditAction.OTHER].target
# Columns without a limit of their own, because no caller has a say in their text beyond what is
# bounded where it comes in. A new column of text is either bounded or explained here.
OWN_WORDS = {
    "access_review_entries": "copies of users, and notes that access_reviews/service.py bounds",
    "access_reviews": "labels of administrators, and notes that access_reviews/service.py bounds",
    "alert_notices": "sentences of our checks and of a channel's failure",
    "alerts": "sentences of our checks",
    "api_tokens.made_by": "the label of the maker, whose address is bounded",
    "api_tokens.prefix": "the beginning of a secret of ours",
    "api_tokens.scopes": "our own words",
    "bootstrap_appointments": "addresses, which core/addresses.py bounds",
    "audit_events": "audit/bounds.py cuts each text: see the tests below",
    "backup_runs": "names of archives and sentences of our own",
    "engine_workers": "the host and the version of an engine",
    "health_states": "names of our checks",
    "maintenance_ticks": "names of lines, and notes that maintenance/service.py bounds",
    "migration_checksums": "names and digests of files of ours",
    "program_versions": "versions of the engine",
    "runs": "lines of our tasks, which jobs/runs.py bounds, names of archives, our own sentences",
    "scheduled_tasks": "the configuration",
    "script_fetch_hosts.hosts": "names of hosts, which core/hosts.py bounds",
    "script_secrets.hosts": "names of hosts, which core/hosts.py bounds",
    "script_secrets.name": "a pattern of up to 64 characters",
    "script_versions.diagnostics": "messages of programs, which scripts/loading.py bounds",
    "script_versions.registrations": "what programs register, which scripts/loading.py bounds",
    "scripts.limits": "numbers by our own names",
    "scripts.slug": "a pattern of up to 63 characters",
    "settings": "the configuration",
    "signing_keys": "our own words",
    "task_runs": "lines of our tasks, which the engine bounds",
    "timing_samples": "operations by fields of the schema, and statements of ours",
    "user_addresses": "addresses and names of providers, which are bounded where they come in",
    "users.search_text": "name and address, which are bounded",
    "vacuum_runs": "names of tables and messages of PostgreSQL",
}


async def test_every_column_of_text_is_bounded_or_holds_our_own_words(engine):
    columns = await engine.db.all(
        """
        select c.relname as table_name, a.attname as column_name, coalesce(
          (select string_agg(pg_get_constraintdef(k.oid), ' ') from pg_constraint k
           where k.conrelid = c.oid and k.contype = 'c'), '') as checks
        from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0
          and not a.attisdropped and c.relname not like '%yoyo%'
          and a.atttypid in ('text'::regtype, 'jsonb'::regtype, 'text[]'::regtype)
        """
    )

    unbounded = set()
    for row in columns:
        name = row["column_name"]
        bound = rf"length\(\(?\"?{name}\"?(\)?::text\))?\)? *<=|{name} = ANY|length\({name}\) <="
        if not re.search(bound, row["checks"]):
            unbounded.add((row["table_name"], f"{row['table_name']}.{name}"))
    told = {table if table in OWN_WORDS else column for table, column in unbounded}

    assert told == set(OWN_WORDS)


def nested(depth):
    return {"a": nested(depth - 1)} if depth else LONG


@pytest.mark.parametrize(
    "details",
    [
        {"name": LONG},
        {LONG: 1},
        {f"{LONG}{number}": LONG for number in range(50)},
        {str(number): LONG for number in range(10_000)},
        {"list": [LONG] * 5_000},
        {"list": list(range(100_000))},
        {"lists": [[["\\" * 900] * 100] * 100] * 100},
        nested(900),
        {"nul": "\x00", "half": "\ud800"},
    ],
    ids=range(9),
)
async def test_any_event_is_stored_within_its_limits(engine, ada, details):
    origin = Origin("rest", request_id=LONG, address=LONG, user_agent=LONG)
    viewer = Viewer(ActorKind.USER, LONG, origin, id=uuid4())
    await store.append(
        engine.db,
        viewer,
        AuditAction.OTHER,
        Target(KIND, None, LONG),
        details,
        details,
        LONG,
    )

    row = await engine.db.one("select * from audit_events order by id desc limit 1")
    (event, *_) = await engine.services.audit.page(ada, AuditFilter(), None, 1)

    for column, longest in bounds.LONGEST.items():
        assert len(row[column]) <= longest, column
    for name in ("before", "after"):
        assert len(json.dumps(row[name])) <= bounds.LONGEST_DETAILS
    assert "\x1b" not in str(dict(row))
    assert event.target_label.startswith("\\x1b[31m")


async def test_usual_values_are_stored_unchanged(engine, ada):
    details = {
        "name": "Zoë Müller-Lüdenscheidt",
        "scopes": ["read", "users:write"],
        "expiresAt": None,
        "checks": [{"name": "tables", "ok": True, "told": "all there"}],
        "seconds": 1.5,
    }
    longest = f"{'a' * 64}@{'b' * 255}"
    await store.append(
        engine.db, ada, AuditAction.OTHER, Target(KIND, ada.id, longest), details, None, "R" * 500
    )

    row = await engine.db.one("select * from audit_events order by id desc limit 1")

    assert (row["before"], row["after"]) == (details, None)
    assert (row["target_label"], row["reason"]) == (longest, "R" * 500)


async def test_a_user_agent_is_stored_within_its_limit(served):
    """A sign-in keeps the address to come back to, a session the client's own words."""
    headers = {"User-Agent": "A" * 5_000, "Accept": "text/html"}
    async with httpx2.AsyncClient(base_url=served.base, headers=headers) as client:
        secret = await served.engine.services.sign_in.first_link("ada@example.com")
        answer = await client.get(
            "/auth/link", params={"token": secret, "redirect": f"/{'a' * 5_000}"}
        )

    assert answer.status_code == 303
    assert len(answer.headers["location"]) <= 2_000
    assert await served.engine.db.value("select max(length(user_agent)) from sessions") == 300
