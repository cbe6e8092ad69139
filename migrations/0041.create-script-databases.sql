-- What scripts keep in tables of their own: a schema and a role for each script, and which of its
-- migrations were applied.
set local lock_timeout = '5s';

-- The role can log in, and has rights in its own schema only. The password lets nobody read more than
-- this row's reader can read anyway, and is set again when the role is missing, as after a restore.
-- No foreign key: `init()` of a new script may create tables before the script is saved, and waiting
-- for the lock of a deployment that waits for `init()` would never end.
create table script_databases (
  script_id uuid primary key,
  role text not null unique check (length(role) <= 63),
  password text not null check (length(password) <= 200),
  created_at timestamptz not null default now()
);

create table script_migrations (
  script_id uuid not null references scripts on delete cascade,
  name text not null check (length(name) <= 200),
  -- The text, to find the line that was changed afterwards, and to undo it when an earlier version
  -- without these files is deployed.
  source text not null check (length(source) <= 1048576),
  rollback text check (length(rollback) <= 1048576),
  digest text not null check (length(digest) <= 64),
  version integer not null,
  applied_at timestamptz not null default now(),
  primary key (script_id, name)
);
