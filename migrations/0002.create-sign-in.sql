-- What lets somebody in: sessions, tokens for scripts, one-use links. Only hashes are kept.
set local lock_timeout = '5s';

create table sessions (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users on delete cascade,
  secret_hash bytea not null unique,
  provider text not null,
  address text,
  user_agent text,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at timestamptz not null
);

create index sessions_user on sessions (user_id, created_at);
create index sessions_expiry on sessions (expires_at);

create table api_tokens (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users on delete cascade,
  name text not null check (length(name) between 1 and 100),
  prefix text not null,
  secret_hash bytea not null unique,
  scopes text[] not null,
  -- The most that this token may be, whatever its user is; null: all that its user is.
  role_ceiling text check (role_ceiling in ('Authenticated', 'Editor', 'Administrator')),
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  last_used_address text,
  revoked_at timestamptz
);

create index api_tokens_user on api_tokens (user_id, created_at);

create table sign_in_links (
  secret_hash bytea primary key,
  email text not null,
  -- True for the link of the start banner: it makes its bearer the first administrator.
  first_administrator boolean not null default false,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);

-- Keys that all instances share, so that what one signed another can check.
create table signing_keys (
  purpose text primary key,
  secret bytea not null check (length(secret) >= 32),
  created_at timestamptz not null default now()
);
