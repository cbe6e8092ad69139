-- What people have changed in a script's files and not saved as a version yet.
set local lock_timeout = '5s';

create table script_drafts (
  script_id uuid not null references scripts on delete cascade,
  user_id uuid not null references users on delete cascade,
  -- The version that the files of the draft differ from; 0 before the first.
  base_version integer not null,
  -- Counts the changes, so that two windows of one person do not overwrite each other.
  revision integer not null,
  saved_at timestamptz not null default now(),
  primary key (script_id, user_id)
);
create index script_drafts_of_user on script_drafts (user_id, saved_at);
create index script_drafts_saved_at on script_drafts (saved_at);

-- Only files that differ from the version. Without content: the draft removes the file.
create table script_draft_files (
  script_id uuid not null,
  user_id uuid not null,
  path text not null check (length(path) <= 200),
  content bytea check (length(content) <= 5000000),
  primary key (script_id, user_id, path),
  foreign key (script_id, user_id) references script_drafts on delete cascade
);
