drop table engine_workers;
