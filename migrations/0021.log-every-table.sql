-- Every table survives a crash. PostgreSQL itself does not start any more when all its processes are
-- killed while a table that is not logged is being made, as each restore made two of them.
set local lock_timeout = '5s';

alter table rate_windows set logged;
alter table engine_workers set logged;
