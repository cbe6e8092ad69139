set local lock_timeout = '5s';

-- The runs since the migration go back into the old tables.
insert into vacuum_runs (
  state, started_at, started_by, seen_at, ended_at, tables, tables_done, current_table, phase,
  percent, message
)
select
  coalesce(r.outcome, case r.state when 'running' then 'running' else 'failed' end),
  r.started_at, r.actor, r.beat_at, r.ended_at,
  array(select jsonb_array_elements_text(r.facts -> 'tables')),
  coalesce(cast(r.facts ->> 'tables_done' as integer), 0), r.facts ->> 'current_table', r.facts ->> 'phase',
  cast(r.facts ->> 'percent' as real), r.problem
from runs r
where r.kind = 'vacuum'
  and not exists (select from vacuum_runs v where v.started_at = r.started_at)
order by r.id;

insert into backup_runs (
  kind, transfer, state, backup_name, actor_label, started_at, ended_at, progress, step, problem,
  details
)
select
  case when r.kind in ('backup.upload', 'backup.download') then 'create'
    else substr(r.kind, length('backup.') + 1) end,
  case when r.kind in ('backup.upload', 'backup.download')
    then substr(r.kind, length('backup.') + 1) end,
  case r.state when 'running' then 'running' else coalesce(r.outcome, 'failed') end,
  r.subject, r.actor, r.started_at, r.ended_at, r.progress, r.step, r.problem, r.facts
from runs r
where r.kind like 'backup.%'
  and not exists (
    select from backup_runs b where b.backup_name = r.subject and b.started_at = r.started_at
  )
order by r.id;

delete from runs where kind <> 'task' and task is null;
update runs set kind = 'task', outcome = null where kind <> 'task';
