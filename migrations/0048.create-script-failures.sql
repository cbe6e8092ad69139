-- Visitors' requests that failed in a script, so that its author can replay them.
set local lock_timeout = '5s';

create table script_failures (
  id uuid primary key default gen_random_uuid(),
  script_id uuid not null references scripts on delete cascade,
  version integer not null,
  at timestamptz not null default now(),
  request_id text not null check (length(request_id) <= 100),
  method text not null check (length(method) <= 20),
  -- With its query. Values that are named as secrets are removed, here and in the body.
  path text not null check (length(path) <= 4000),
  headers jsonb not null check (length(headers::text) <= 200000),
  -- Null: it was not kept.
  body bytea check (length(body) <= 200000),
  message text not null check (length(message) <= 1000)
);
create index script_failures_of_script on script_failures (script_id, at desc);
