-- Runs of vacuum and of backups move to the table of all runs. Their old tables stay for engines of
-- the version before, and a later version drops them.
set local lock_timeout = '5s';

insert into runs (
  kind, state, outcome, started_at, beat_at, ended_at, started_by, actor, instance, problem, facts
)
select
  'vacuum', state, nullif(state, 'running'), started_at, seen_at, ended_at, started_by, started_by,
  '', message,
  jsonb_build_object(
    'tables', tables, 'tables_done', tables_done, 'current_table', current_table, 'phase', phase,
    'percent', percent
  )
from vacuum_runs
order by id;

insert into runs (
  kind, subject, state, outcome, started_at, beat_at, is_locked, ended_at, started_by, actor,
  instance, problem, progress, step, facts
)
select
  'backup.' || coalesce(transfer, kind), backup_name, state, nullif(state, 'running'), started_at,
  coalesce(ended_at, started_at), true, ended_at, actor_label, actor_label, '', problem, progress,
  step, details
from backup_runs
order by id;
