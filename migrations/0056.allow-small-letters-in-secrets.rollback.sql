set local lock_timeout = '5s';

-- `not valid`: secrets with small letters that are there stay.
alter table script_secrets drop constraint script_secrets_name_check;
alter table script_secrets add constraint script_secrets_name_check
  check (name ~ '^[A-Z][A-Z0-9_]{0,63}$') not valid;
