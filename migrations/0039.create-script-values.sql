-- Values that scripts keep by key: their own, and those of each of their users.
set local lock_timeout = '5s';

-- No number is given twice, so that a value that was removed and set again has another version.
create sequence script_value_versions;

create table script_values (
  script_id uuid not null references scripts on delete cascade,
  -- The user whose value it is; zeros for a value of the script itself.
  holder_id uuid not null,
  user_id uuid generated always as (nullif(holder_id, '00000000-0000-0000-0000-000000000000'))
    stored references users on delete cascade,
  -- In the order of code points, in which keys with one prefix are neighbours.
  key text collate "C" not null check (key <> '' and length(key) <= 500),
  -- JSON, as the script wrote it.
  value text not null check (length(value) <= 1000000),
  -- What counts for the quota.
  size integer generated always as (octet_length(key) + octet_length(value)) stored,
  version bigint not null,
  expires_at timestamptz,
  updated_at timestamptz not null default now(),
  primary key (script_id, holder_id, key)
);
create index script_values_user on script_values (user_id) where user_id is not null;
create index script_values_expiry on script_values (expires_at) where expires_at is not null;

-- How much each script and each of its users has. The row is locked by every write that changes it,
-- so that no two writes at once exceed a quota together.
create table script_value_totals (
  script_id uuid not null references scripts on delete cascade,
  holder_id uuid not null,
  keys bigint not null,
  bytes bigint not null,
  primary key (script_id, holder_id)
);

create function count_script_values() returns trigger
language plpgsql
as $$
begin
  -- A trial is rolled back: it must not make other writes wait until then.
  if current_setting('aiwebengine.is_trial', true) = 'on' then
    return null;
  end if;
  if tg_op = 'INSERT' then
    insert into script_value_totals as t (script_id, holder_id, keys, bytes)
    select script_id, holder_id, count(*), sum(size)
    from added
    group by script_id, holder_id
    order by script_id, holder_id
    on conflict (script_id, holder_id) do update
    set keys = t.keys + excluded.keys, bytes = t.bytes + excluded.bytes;
  elsif tg_op = 'UPDATE' then
    -- Within one statement no key changes.
    update script_value_totals t
    set bytes = t.bytes + d.bytes
    from (
      select script_id, holder_id, sum(size) as bytes
      from (
        select script_id, holder_id, size from added
        union all
        select script_id, holder_id, - size from removed
      ) as sizes
      group by script_id, holder_id
    ) as d
    where t.script_id = d.script_id and t.holder_id = d.holder_id and d.bytes <> 0;
  else
    update script_value_totals t
    set keys = t.keys - d.keys, bytes = t.bytes - d.bytes
    from (
      select script_id, holder_id, count(*) as keys, sum(size) as bytes
      from removed
      group by script_id, holder_id
    ) as d
    where t.script_id = d.script_id and t.holder_id = d.holder_id;
  end if;
  return null;
end
$$;

create trigger script_values_added
  after insert on script_values referencing new table as added
  for each statement execute function count_script_values();

create trigger script_values_changed
  after update on script_values referencing new table as added old table as removed
  for each statement execute function count_script_values();

create trigger script_values_removed
  after delete on script_values referencing old table as removed
  for each statement execute function count_script_values();
