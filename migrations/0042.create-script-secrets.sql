-- Secrets of scripts, which only the engine decrypts, and the hosts to which scripts send requests.
set local lock_timeout = '5s';

create table script_secrets (
  -- Another one with every new value.
  id uuid primary key default gen_random_uuid(),
  script_id uuid not null references scripts on delete cascade,
  -- The visitor whose own it is; null for the script's.
  user_id uuid references users on delete cascade,
  name text not null check (name ~ '^[A-Z][A-Z0-9_]{0,63}$'),
  -- Where it may be sent; none: it only verifies signatures.
  hosts text[] not null check (
    cardinality(hosts) <= 50 and length(array_to_string(hosts, ',')) <= 13000
  ),
  -- The key of `signing_keys` with the purpose 'script-secrets'. No foreign key: a key that is
  -- missing is reported, and must not keep a backup from being restored.
  key_number integer not null,
  ciphertext bytea not null check (length(ciphertext) <= 17000),
  set_at timestamptz not null default now(),
  set_by text not null check (length(set_by) <= 400)
);
create unique index script_secrets_of_script on script_secrets (script_id, name)
  where user_id is null;
create unique index script_secrets_of_user on script_secrets (script_id, user_id, name)
  where user_id is not null;
create index script_secrets_user on script_secrets (user_id) where user_id is not null;
create index script_secrets_key on script_secrets (key_number);

-- A script without a row may send requests to every public host.
create table script_fetch_hosts (
  script_id uuid primary key references scripts on delete cascade,
  hosts text[] not null check (
    cardinality(hosts) <= 50 and length(array_to_string(hosts, ',')) <= 13000
  )
);
