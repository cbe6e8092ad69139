-- How often each address came in each minute, for all workers and instances together. Not logged:
-- losing the counts in a crash costs nothing, writing them to the log twice would.
set local lock_timeout = '5s';

create unlogged table rate_windows (
  kind text not null,
  address text not null,
  minute bigint not null,
  hits bigint not null,
  primary key (kind, address, minute)
);

create index rate_windows_minute on rate_windows (minute);
