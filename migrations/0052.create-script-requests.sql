-- Requests that the owners of a script saved to send again.
set local lock_timeout = '5s';

create table script_requests (
  id uuid primary key default gen_random_uuid(),
  script_id uuid not null references scripts on delete cascade,
  name text not null check (length(name) <= 100),
  method text not null check (length(method) <= 20),
  -- With its query.
  path text not null check (length(path) <= 8000),
  -- Pairs of name and value, in order.
  headers jsonb not null check (length(headers::text) <= 500000),
  body text not null check (length(body) <= 256000),
  -- Whether it is sent as who sends it; otherwise as an anonymous visitor.
  as_viewer boolean not null,
  saved_at timestamptz not null default now(),
  saved_by text not null check (length(saved_by) <= 400),
  unique (script_id, name)
);
