-- Which user an address belongs to, by the key that addresses are compared by, and when a provider
-- proved it. A table of its own: filling in two columns of a large `users` would write its search
-- index anew, and lock out the engines of the version before meanwhile.
set local lock_timeout = '5s';

create table user_addresses (
  -- As aiwebengine.users.addresses writes it.
  email_key text primary key,
  user_id uuid not null unique references users on delete cascade,
  -- When a provider first proved that the address is the user's; null until then.
  email_verified_at timestamptz,
  email_verified_by text
);

-- When this identity proved the address of its user, whatever its own address is today.
alter table identities add column address_proved_at timestamptz;

update identities i
set address_proved_at = i.created_at
from users u
where u.id = i.user_id and i.email_verified
  and lower(i.email collate "C") = lower(u.email collate "C");

-- Somebody has another address at the provider by now: what the trail says of the first sign-in
-- decides, if it is the same of all identities of this provider that the user has.
update identities i
set address_proved_at = i.created_at
from users u
where u.id = i.user_id and i.address_proved_at is null
  and lower(i.email collate "C") is distinct from lower(u.email collate "C")
  and (
    select bool_and(
      (e.after ->> 'emailVerified')::boolean
      -- The address as the provider gave it: 0.2.0 took some for the user's that were not.
      and lower(e.target_label collate "C") = lower(u.email collate "C")
    )
    from audit_events e
    where e.target_id = u.id and e.action in ('user.created', 'identity.linked')
      and e.after ->> 'provider' = i.provider
  );

-- The key of an address of ASCII characters alone is the address in lower case. Of several users
-- with one key (the same letters, stored in two cases by a database whose locale folds them
-- otherwise) the oldest gets it: the others keep their identities and can be found by the very
-- spelling of their address, but can't prove it any more. The engine writes the key of other
-- addresses, and of users whom the version before adds, when it first looks for them.
insert into user_addresses (email_key, user_id, email_verified_at, email_verified_by)
select distinct on (k.email_key) k.email_key, u.id, p.created_at, p.provider
from users u
cross join lateral (select lower(u.email collate "C") as email_key) as k
left join lateral (
  select i.provider, i.created_at
  from identities i
  where i.user_id = u.id and i.address_proved_at is not null
  order by i.created_at
  limit 1
) as p on true
where u.email collate "C" ~ '^[!-~]+$'
order by k.email_key, u.created_at, u.id;

-- Whether the address was not verified when the role was granted, and the granter confirmed it.
alter table user_roles add column confirmed_unverified boolean not null default false;

-- Null for an entry of before, and for somebody who has never signed in with a provider.
alter table access_review_entries add column email_verified boolean;

-- Addresses that auth.bootstrap_admins has made administrators, or would not any more: once each.
create table bootstrap_appointments (
  email_key text primary key,
  appointed_at timestamptz not null default now()
);

insert into bootstrap_appointments (email_key, appointed_at)
select lower(e.target_label collate "C"), min(e.at)
from audit_events e
where e.action = 'role.granted' and e.after ->> 'role' = 'Administrator'
group by 1;
