drop table vacuum_runs;
drop table database_sizes;
