-- What was done with backups: made, verified, restored, tried. Archives are files and speak for
-- themselves; rows here only tell of runs, so a lost database loses no backup.
set local lock_timeout = '5s';

create table backup_runs (
  id integer generated always as identity primary key,
  kind text not null check (kind in ('create', 'verify', 'restore', 'drill')),
  state text not null default 'running' check (state in ('running', 'succeeded', 'failed')),
  backup_name text not null,
  actor_label text not null,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  progress double precision not null default 0,
  step text not null default '',
  problem text,
  details jsonb,
  check ((state = 'running') = (ended_at is null))
);

create index backup_runs_kind on backup_runs (kind, id);
create index backup_runs_backup on backup_runs (backup_name, kind, id);
