drop table maintenance_board;
drop table maintenance_ticks;
drop table task_runs;
drop table scheduled_tasks;
