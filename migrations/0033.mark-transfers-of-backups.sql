-- Uploads and downloads are runs of their own. The column is beside the kind, which stays 'create'
-- for them, because an engine of the version before can't read a kind that it does not know.
set local lock_timeout = '5s';

alter table backup_runs
  add column transfer text,
  add constraint backup_runs_transfer_check check (transfer in ('upload', 'download')) not valid;
