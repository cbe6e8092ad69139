-- When a person proved who they are, which is not when the session began: a provider may let in a
-- browser that it has known for days.
set local lock_timeout = '5s';

-- Null: the provider does not say, and the session's start counts.
alter table sessions add column authenticated_at timestamptz;

alter table sign_in_attempts
  -- The user who signs in again and has to come back; null for an ordinary sign-in. No foreign key:
  -- when that user is gone nobody fits.
  add column again_as uuid,
  add column begun_at timestamptz not null default now(),
  -- An answer counts once. It is known until it expires, so that the Back button leads on.
  add column used_at timestamptz;
