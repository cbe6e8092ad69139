-- Which versions of the program have served this database, to tell at an update what is new since.
set local lock_timeout = '5s';

create table program_versions (
  version text primary key,
  first_started_at timestamptz not null default now(),
  last_started_at timestamptz not null default now()
);
