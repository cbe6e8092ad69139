-- How the engine was doing, summed over all workers and instances: the charts of the last hour, day
-- and week. Logged, unlike the workers: after a crash one wants to see what led to it.
set local lock_timeout = '5s';

-- `step_secs` is part of the key, so that thinning can put a coarse row beside the fine ones that
-- begin at the same instant. What nobody could tell at the time is null.
create table system_samples (
  step_secs integer not null,
  at timestamptz not null,
  seconds double precision not null,
  requests bigint not null,
  errors bigint not null,
  buckets bigint[] not null,
  cpu_seconds double precision not null,
  loop_lag_secs double precision not null,
  workers integer,
  memory_bytes bigint,
  pool_in_use integer,
  subscriptions integer,
  connections integer,
  database_bytes bigint,
  primary key (step_secs, at)
);

-- Which operations and statements took long. Names come from the schema and from our own SQL, so
-- there are few; values never get here.
create table timing_samples (
  kind text not null check (kind in ('operation', 'statement')),
  at timestamptz not null,
  name text not null,
  count bigint not null,
  errors bigint not null,
  seconds double precision not null,
  buckets bigint[] not null,
  primary key (kind, at, name)
);
