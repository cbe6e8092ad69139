-- The settings that were in force at the last start, to tell what changed since. Of secrets there
-- is only a slow hash.
set local lock_timeout = '5s';

create table settings (
  key text primary key,
  value jsonb not null
);
