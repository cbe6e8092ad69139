-- Roles of users that scripts define; and a one-time code belongs to the browser that asked for it.
set local lock_timeout = '5s';

create table script_user_roles (
  script_id uuid not null references scripts on delete cascade,
  user_id uuid not null references users on delete cascade,
  role text not null check (length(role) <= 50),
  granted_at timestamptz not null default now(),
  granted_by text not null check (length(granted_by) <= 400),
  primary key (script_id, user_id, role)
);
create index script_user_roles_user on script_user_roles (user_id);

-- Of the secret in the cookie of the browser that asked for the code. Null in the version before.
alter table script_sessions add column browser_hash bytea;
