set local lock_timeout = '5s';

delete from backup_runs where transfer is not null;

alter table backup_runs drop column transfer;
