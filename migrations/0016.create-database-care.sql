-- How large the database was, hour by hour, and who had it vacuumed. Sizes of the past can't be
-- asked of PostgreSQL; a run of vacuum is noted here because any instance may be asked how far it is.
set local lock_timeout = '5s';

create table database_sizes (
  hour timestamptz primary key,
  size_bytes bigint not null
);

create table vacuum_runs (
  id bigint generated always as identity primary key,
  state text not null default 'running' check (state in ('running', 'succeeded', 'failed')),
  started_at timestamptz not null default now(),
  started_by text not null,
  -- Whoever runs it says so again and again: without that it was killed.
  seen_at timestamptz not null default now(),
  ended_at timestamptz,
  tables text[] not null,
  tables_done integer not null default 0,
  current_table text,
  phase text,
  percent real,
  message text
);
