-- One table for the runs of everything that is done in the background: tasks, vacuum, backups. A
-- run of the task "backup" is one row, with the task's name and with the kind of its work. The old
-- table `task_runs` stays for engines of the version before, and a later version drops it.
set local lock_timeout = '5s';

create table runs (
  id bigint generated always as identity primary key,
  -- What the run does: 'task' until the task begins work with a kind of its own.
  kind text not null,
  -- The task that it is a run of; null for work that was started without a task.
  task text,
  -- The due time of the schedule; null for a run that somebody started.
  due_at timestamptz,
  -- What the work is about, such as the name of an archive.
  subject text,
  state text not null default 'running'
    check (state in ('running', 'succeeded', 'failed', 'stopped', 'interrupted')),
  -- The result of the work itself, which is known before the task's run has ended.
  outcome text check (outcome in ('succeeded', 'failed')),
  started_at timestamptz not null default now(),
  -- The runner updates this all the time to show that it is alive.
  beat_at timestamptz not null default now(),
  -- Whether the run took its advisory lock before this row existed.
  is_locked boolean not null default false,
  ended_at timestamptz,
  started_by text not null,
  -- Who does the work: the engine itself in a run of a task.
  actor text not null,
  instance text not null,
  stopped_by text,
  result text,
  problem text,
  progress double precision not null default 0,
  step text not null default '',
  lines text[] not null default '{}',
  facts jsonb,
  check ((state = 'running') = (ended_at is null))
);

-- One run for each due time, and one run of a task at a time, over all workers and instances.
create unique index runs_due on runs (task, due_at);
create unique index runs_running on runs (task) where state = 'running';
create index runs_task on runs (task, id);
create index runs_kind on runs (kind, id);
create index runs_subject on runs (subject, kind, id);
create index runs_ended on runs (ended_at);

-- Audit events name runs of tasks by their numbers, so these stay the same. Later runs count on
-- from the last one, to which `setval` leaves the sequence.
insert into runs (
  id, kind, task, due_at, state, started_at, beat_at, ended_at, started_by, actor, instance,
  stopped_by, result, lines
)
overriding system value
select
  setval(pg_get_serial_sequence('runs', 'id'), id), 'task', task, due_at, state, started_at, beat_at, ended_at, started_by, started_by, instance,
  stopped_by, result, lines
from (select * from task_runs order by id) as ordered;
