-- Sign-ins on the host of scripts. Each is handed over from a session of the engine and ends with it.
set local lock_timeout = '5s';

create table script_sessions (
  session_id uuid not null references sessions on delete cascade,
  host text not null check (length(host) <= 253),
  -- Of the one-time code that is handed over; null once it was used.
  code_hash bytea unique,
  code_expires_at timestamptz not null,
  -- Of the cookie; null until the code was used.
  secret_hash bytea unique,
  created_at timestamptz not null default now(),
  check ((code_hash is null) <> (secret_hash is null))
);
create index script_sessions_session on script_sessions (session_id);
create index script_sessions_code on script_sessions (code_expires_at) where secret_hash is null;
