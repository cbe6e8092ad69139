-- How often each script was called and failed in each hour, which the list of scripts shows.
set local lock_timeout = '5s';

create table script_activity (
  script_id uuid not null references scripts on delete cascade,
  -- Its beginning.
  hour timestamptz not null,
  requests bigint not null,
  errors bigint not null,
  primary key (script_id, hour)
);
-- For the removal of old hours.
create index script_activity_hour on script_activity (hour);
