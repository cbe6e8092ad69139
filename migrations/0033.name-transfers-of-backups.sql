-- Uploads and downloads are runs of their own kind: recorded as CREATE, an upload that ended counted
-- as a backup that failed.
set local lock_timeout = '5s';

alter table backup_runs
  drop constraint backup_runs_kind_check,
  add constraint backup_runs_kind_check
    check (kind in ('create', 'verify', 'restore', 'drill', 'upload', 'download'));
