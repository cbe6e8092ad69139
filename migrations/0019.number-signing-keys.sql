-- Keys of one purpose get numbers, so that a new one can follow while the old ones still verify; and
-- it is known since when each setting is as it is, because secrets should not grow old.
set local lock_timeout = '5s';

alter table signing_keys
  add column number integer not null default 1 check (number > 0),
  -- Told to all instances before anything is signed with it.
  add column signs_from timestamptz not null default now(),
  -- Until when it verifies; null for as long as no newer one took its place.
  add column ends_at timestamptz,
  drop constraint signing_keys_pkey,
  add primary key (purpose, number);

alter table signing_keys alter column number drop default;

alter table settings add column changed_at timestamptz not null default now();
