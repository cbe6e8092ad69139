-- Scripts of the original engine name their secrets in small letters.
set local lock_timeout = '5s';

-- `not valid`: what the old rule allowed, the new one allows too, so no row is read.
alter table script_secrets drop constraint script_secrets_name_check;
alter table script_secrets add constraint script_secrets_name_check
  check (name ~ '^[A-Za-z][A-Za-z0-9_]{0,63}$') not valid;
