-- Times at which scripts run, and the record of each run.
set local lock_timeout = '5s';

create table script_schedules (
  script_id uuid not null references scripts on delete cascade,
  name text not null check (length(name) between 1 and 100),
  kind text not null check (kind in ('once', 'every', 'cron')),
  -- As the author wrote it: a time, an interval in milliseconds, or a cron expression.
  cron text check (length(cron) <= 200),
  time_zone text not null default 'UTC' check (length(time_zone) <= 100),
  every_ms bigint check (every_ms > 0),
  -- The time of a run that is due once; the times of an interval count from here.
  anchor timestamptz not null,
  handler text not null check (length(handler) <= 600),
  -- Whether the active version declares it. The others were set by handlers.
  is_declared boolean not null default false,
  -- How often a run that failed is repeated.
  retries integer not null check (retries >= 0),
  -- JSON as text, which may have characters that jsonb can't store.
  data text check (octet_length(data) <= 70000),
  -- When a run is due: at its planned time, or later when it is repeated.
  next_at timestamptz not null,
  -- The planned time of the run that is next.
  due_at timestamptz not null,
  -- How often that run has begun.
  attempt integer not null default 0,
  -- Who asked for a run outside of the plan.
  asked_by text check (length(asked_by) <= 400),
  -- The row of `runs` whose process runs it now.
  runner bigint,
  -- Removed once the run has ended that is in progress.
  is_cancelled boolean not null default false,
  -- Changes with the plan, so that the end of a run leaves a plan that was set meanwhile.
  revision integer not null default 1,
  created_at timestamptz not null default now(),
  primary key (script_id, name)
);
create index script_schedules_due on script_schedules (script_id, next_at) where runner is null;
create index script_schedules_claimed on script_schedules (runner) where runner is not null;

create table script_schedule_runs (
  id bigint generated always as identity primary key,
  script_id uuid not null references scripts on delete cascade,
  name text not null check (length(name) <= 100),
  version integer,
  due_at timestamptz not null,
  attempt integer not null,
  state text not null default 'running'
    check (state in ('running', 'succeeded', 'failed', 'interrupted')),
  started_by text not null check (length(started_by) <= 400),
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  -- The lines of its log have the same.
  request_id text not null check (length(request_id) <= 200),
  runner bigint not null,
  problem text check (length(problem) <= 2000),
  check ((state = 'running') = (ended_at is null))
);
create index script_schedule_runs_script on script_schedule_runs (script_id, id);
create index script_schedule_runs_name on script_schedule_runs (script_id, name, id);
create index script_schedule_runs_running on script_schedule_runs (runner)
  where state = 'running';
