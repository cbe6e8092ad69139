-- Who is at work: each worker process says every few seconds that it lives. Not logged: after a
-- crash of the database the living say so again within seconds.
set local lock_timeout = '5s';

create unlogged table engine_workers (
  id uuid primary key,
  instance_id uuid not null,
  instance_started_at timestamptz not null,
  instance_workers integer not null,
  -- A worker that was lost is replaced in its place.
  place integer not null,
  host text not null,
  pid integer not null,
  version text not null,
  started_at timestamptz not null,
  last_seen_at timestamptz not null,
  requests bigint not null,
  errors bigint not null,
  memory_bytes bigint not null,
  cpu_percent double precision not null,
  loop_lag_secs double precision not null,
  pool_in_use integer not null,
  pool_maximum integer not null,
  subscriptions integer not null
);
