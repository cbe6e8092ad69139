set local lock_timeout = '5s';

delete from backup_runs where kind in ('upload', 'download');

alter table backup_runs
  drop constraint backup_runs_kind_check,
  add constraint backup_runs_kind_check
    check (kind in ('create', 'verify', 'restore', 'drill'));
