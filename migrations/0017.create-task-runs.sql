-- What runs by the clock, each run of it, and what was ticked off by people.
set local lock_timeout = '5s';

create table scheduled_tasks (
  name text primary key,
  schedule text not null,
  time_zone text not null,
  -- Only what is due after this is still to be run: the newest time that was, or the instant at
  -- which the task came to be or got another schedule.
  since timestamptz not null default now()
);

create table task_runs (
  id bigint generated always as identity primary key,
  task text not null,
  -- The time of the schedule; null when somebody started it.
  due_at timestamptz,
  state text not null default 'running'
    check (state in ('running', 'succeeded', 'failed', 'stopped', 'interrupted')),
  started_at timestamptz not null default now(),
  -- The runner says every few seconds that it is alive.
  beat_at timestamptz not null default now(),
  ended_at timestamptz,
  started_by text not null,
  instance text not null,
  stopped_by text,
  result text,
  lines text[] not null default '{}',
  check ((state = 'running') = (ended_at is null))
);

-- One runner for each due time, and one run of a task at a time, over all workers and instances.
create unique index task_runs_due on task_runs (task, due_at);
create unique index task_runs_running on task_runs (task) where state = 'running';
create index task_runs_task on task_runs (task, id);
create index task_runs_ended on task_runs (ended_at);

create table maintenance_ticks (
  id bigint generated always as identity primary key,
  item text not null,
  at timestamptz not null default now(),
  done_by text not null,
  note text
);

create index maintenance_ticks_item on maintenance_ticks (item, id);

-- From when on the board counts: what was never done is due one period later.
create table maintenance_board (
  began_at timestamptz not null default now()
);

insert into maintenance_board default values;
