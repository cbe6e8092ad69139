-- Scripts of editors: every saved version, which one is active, the routes that it serves, its log.
set local lock_timeout = '5s';

-- One row, updated by every change of what is served. Its lock makes these changes commit in the
-- order of their numbers, so that a reader who knows number n has seen every change up to n. A
-- sequence would not: its numbers are handed out before the commit.
create table script_activations (
  is_only boolean primary key default true check (is_only),
  number bigint not null
);
insert into script_activations (number) values (0);

create table scripts (
  id uuid primary key default gen_random_uuid(),
  slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  title text not null default '' check (length(title) <= 200),
  -- 0 until something is saved.
  newest_version integer not null default 0,
  -- Null while nothing is served.
  active_version integer,
  -- The host whose requests it answers; null for the engine's own.
  host text check (length(host) <= 253),
  page_mode text not null default 'sandboxed' check (page_mode in ('sandboxed', 'full')),
  -- Only the limits that differ from the default.
  limits jsonb not null default '{}',
  suspended_at timestamptz,
  suspension_reason text check (length(suspension_reason) <= 500),
  -- The number of the last change of what is served.
  activation bigint not null default 0,
  created_at timestamptz not null default now(),
  created_by text not null check (length(created_by) <= 400),
  -- Deleted scripts are kept for a while, so that they can be restored.
  deleted_at timestamptz
);

create unique index scripts_slug on scripts (slug) where deleted_at is null;
create index scripts_activation on scripts (activation);
create index scripts_deleted on scripts (deleted_at) where deleted_at is not null;

create table script_owners (
  script_id uuid not null references scripts on delete cascade,
  user_id uuid not null references users on delete cascade,
  added_at timestamptz not null default now(),
  added_by text not null check (length(added_by) <= 400),
  primary key (script_id, user_id)
);
create index script_owners_user on script_owners (user_id);

-- No foreign key to users: a version outlives its author.
create table script_versions (
  script_id uuid not null references scripts on delete cascade,
  number integer not null,
  -- The version that its author started from; null for the first one.
  parent integer,
  message text not null default '' check (length(message) <= 2000),
  author_id uuid,
  author_name text not null check (length(author_name) <= 400),
  created_at timestamptz not null default now(),
  -- Of the paths and contents of all files, with entry and dialect.
  digest text not null check (length(digest) <= 64),
  entry text not null check (length(entry) <= 200),
  dialect text not null check (dialect in ('module', 'classic')),
  -- What the version offers, as it reported when it was loaded last; null until then.
  registrations jsonb,
  diagnostics jsonb not null default '[]',
  -- When it was deployed last.
  deployed_at timestamptz,
  primary key (script_id, number)
);

-- Contents of files by their SHA-256: a version stores only what changed.
create table script_blobs (
  digest text primary key check (length(digest) <= 64),
  content bytea not null
);

create table script_files (
  script_id uuid not null,
  version integer not null,
  path text not null check (length(path) <= 200),
  digest text not null references script_blobs check (length(digest) <= 64),
  primary key (script_id, version, path),
  foreign key (script_id, version) references script_versions on delete cascade
);
create index script_files_digest on script_files (digest);

-- Which script answers which requests. The key lets a route belong to one script only. `shape` is
-- the path without the names of its parameters. A route for any method (`declared_method` '*') has a
-- row for each method too, so that it clashes with the route of another script for one method.
create table script_routes (
  host text not null default '' check (length(host) <= 253),
  shape text not null check (length(shape) <= 500),
  method text not null check (length(method) <= 10),
  declared_method text not null check (length(declared_method) <= 10),
  path text not null check (length(path) <= 500),
  kind text not null check (kind in ('route', 'fetch', 'asset', 'stream')),
  handler text not null check (length(handler) <= 600),
  script_id uuid not null references scripts on delete cascade,
  primary key (host, shape, method)
);
create index script_routes_script on script_routes (script_id);

create table script_log (
  id bigint generated always as identity primary key,
  script_id uuid not null references scripts on delete cascade,
  version integer,
  at timestamptz not null default now(),
  level text not null check (level in ('debug', 'info', 'warn', 'error')),
  request_id text check (length(request_id) <= 200),
  route text check (length(route) <= 600),
  text text not null check (length(text) <= 10000),
  file text check (length(file) <= 300),
  line integer,
  col integer
);
create index script_log_script on script_log (script_id, id);
create index script_log_request on script_log (request_id) where request_id is not null;
create index script_log_at on script_log (at);
