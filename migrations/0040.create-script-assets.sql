-- Files that scripts write while they run, beside the files of their versions.
set local lock_timeout = '5s';

create table script_assets (
  script_id uuid not null references scripts on delete cascade,
  path text not null check (length(path) <= 200),
  -- The content, which files of versions may share.
  digest text not null references script_blobs check (length(digest) <= 64),
  size integer not null,
  -- Null: by the ending of the path.
  content_type text check (length(content_type) <= 100),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (script_id, path)
);
create index script_assets_digest on script_assets (digest);
