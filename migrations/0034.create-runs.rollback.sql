set local lock_timeout = '5s';

-- The runs since the migration go back into the old table.
insert into task_runs (
  task, due_at, state, started_at, beat_at, ended_at, started_by, instance, stopped_by, result, lines
)
select
  r.task, r.due_at, r.state, r.started_at, r.beat_at, r.ended_at, r.started_by, r.instance,
  r.stopped_by, r.result, r.lines
from runs r
where r.task is not null
  and not exists (select from task_runs t where t.task = r.task and t.started_at = r.started_at)
order by r.id
on conflict do nothing;

drop table runs;
