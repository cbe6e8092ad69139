-- Who deployed or rolled back which version of a script, and when.
set local lock_timeout = '5s';

create table script_deployments (
  id bigint generated always as identity primary key,
  script_id uuid not null references scripts on delete cascade,
  version integer not null,
  -- The version that was active before; null if none was.
  previous_version integer,
  kind text not null check (kind in ('deployed', 'rolled_back')),
  at timestamptz not null default now(),
  -- A deployment outlives who did it.
  by_name text not null check (length(by_name) <= 400)
);
create index script_deployments_of_script on script_deployments (script_id, id);

-- Deployments before this migration: what the audit trail remembers, and what the versions say of
-- those that it has forgotten.
insert into script_deployments (script_id, version, previous_version, kind, at, by_name)
select
  s.id, cast(e.after ->> 'version' as integer), cast(e.before ->> 'version' as integer),
  substr(e.action, length('script.') + 1), e.at, e.actor_label
from audit_events e
join scripts s on s.id = e.target_id
where e.action in ('script.deployed', 'script.rolled_back') and e.after ->> 'version' is not null
order by e.at, e.id;

insert into script_deployments (script_id, version, kind, at, by_name)
select v.script_id, v.number, 'deployed', v.deployed_at, ''
from script_versions v
where v.deployed_at is not null
  and not exists (select from script_deployments d where d.script_id = v.script_id)
order by v.deployed_at;
