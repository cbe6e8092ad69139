-- Who held which role when somebody looked through them all, and what was decided about each.
set local lock_timeout = '5s';

create table access_reviews (
  id bigint generated always as identity primary key,
  started_at timestamptz not null default now(),
  started_by text not null,
  note text,
  finished_at timestamptz,
  finished_by text,
  total integer not null default 0,
  kept integer not null default 0,
  revoked integer not null default 0,
  gone integer not null default 0
);

-- One at a time: two would ask about the same roles.
create unique index access_reviews_open on access_reviews ((true)) where finished_at is null;

-- No foreign key to users: what was reviewed outlives the people it names.
create table access_review_entries (
  review_id bigint not null references access_reviews,
  position integer not null,
  user_id uuid not null,
  email text not null,
  name text not null,
  status text not null,
  role text not null,
  granted_at timestamptz not null,
  granted_by text not null,
  reason text,
  expires_at timestamptz,
  last_signed_in_at timestamptz,
  last_seen_at timestamptz,
  api_tokens integer not null,
  token_last_used_at timestamptz,
  decision text check (decision in ('keep', 'revoke')),
  note text,
  outcome text check (outcome in ('kept', 'revoked', 'refused', 'gone')),
  detail text,
  decided_by text,
  decided_at timestamptz,
  primary key (review_id, position),
  unique (review_id, user_id, role)
);

create index access_review_entries_open on access_review_entries (review_id, position)
  where outcome is null or outcome = 'refused';
