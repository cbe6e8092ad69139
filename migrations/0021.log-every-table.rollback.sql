alter table engine_workers set unlogged;
alter table rate_windows set unlogged;
