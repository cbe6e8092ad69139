-- Since when each check of each instance has been as it is: workers agree on it, and it outlives
-- a restart.
set local lock_timeout = '5s';

create table health_states (
  instance text not null,
  name text not null,
  state text not null,
  since timestamptz not null,
  seen_at timestamptz not null default now(),
  primary key (instance, name)
);
