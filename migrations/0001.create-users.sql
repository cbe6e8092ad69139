-- People, how the providers know them, and the roles they were given.
set local lock_timeout = '5s';

-- The text's pieces of *smallest* to three letters. A GIN index over them finds a part of a word
-- anywhere in a million rows; the usual extension for that (pg_trgm) is missing from the embedded
-- server. The cost tells the planner to look into the index rather than take rows apart one by one.
create function search_grams(value text, smallest integer) returns text[]
language sql immutable strict parallel safe cost 5000
as $$
  select coalesce(array_agg(distinct substr(value, i, size)), '{}')
  from generate_series(1, length(value)) as i, generate_series(smallest, 3) as size
  where i + size - 1 <= length(value)
$$;

create table users (
  id uuid primary key default gen_random_uuid(),
  email text not null check (length(email) between 3 and 320),
  name text not null default '' check (length(name) <= 200),
  picture_url text,
  status text not null default 'active' check (status in ('active', 'invited', 'suspended')),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_signed_in_at timestamptz,
  search_text text generated always as (lower(name || ' ' || email)) stored
);

create unique index users_email on users (lower(email));
create index users_created on users (created_at, id);
create index users_name on users (lower(name), id);
create index users_not_active on users (status, created_at, id) where status <> 'active';
create index users_search on users using gin (search_grams(search_text, 1));

create table identities (
  provider text not null,
  subject text not null,
  user_id uuid not null references users on delete cascade,
  email text,
  email_verified boolean not null default false,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  primary key (provider, subject)
);

create index identities_user on identities (user_id);
create index identities_provider on identities (provider, user_id);

-- The role Authenticated is not stored: everybody holds it, so nobody can be given or lose it.
create table user_roles (
  user_id uuid not null references users on delete cascade,
  role text not null check (role in ('Editor', 'Administrator')),
  granted_at timestamptz not null default now(),
  granted_by text not null,
  reason text,
  expires_at timestamptz,
  primary key (user_id, role)
);

create index user_roles_role on user_roles (role, user_id);
create index user_roles_expiry on user_roles (expires_at) where expires_at is not null;
