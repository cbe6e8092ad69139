-- Sign-ins that have gone to a provider and are not back yet, for every tab and every instance.
set local lock_timeout = '5s';

create table sign_in_attempts (
  state_hash bytea primary key,
  -- The browser that began it, by a cookie: nobody else's answer is taken.
  browser_hash bytea not null,
  provider text not null,
  nonce text not null,
  verifier text not null,
  redirect text not null,
  expires_at timestamptz not null
);

create index sign_in_attempts_expiry on sign_in_attempts (expires_at);
