set local lock_timeout = '5s';

drop table script_schedule_runs;
drop table script_schedules;
