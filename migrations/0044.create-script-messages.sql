-- Messages between scripts, and what has to be delivered to whom.
set local lock_timeout = '5s';

-- Which types of messages the active version of a script receives.
create table script_listeners (
  script_id uuid not null references scripts on delete cascade,
  type text not null check (length(type) between 1 and 200),
  handler text not null check (length(handler) <= 600),
  primary key (type, script_id)
);
create index script_listeners_script on script_listeners (script_id);

create table script_messages (
  id bigint generated always as identity primary key,
  -- A message outlives its sender.
  sender_id uuid references scripts on delete set null,
  sender text not null check (length(sender) <= 63),
  type text not null check (length(type) between 1 and 200),
  -- JSON as text, which may have characters that jsonb can't store.
  data text not null check (octet_length(data) <= 300000),
  -- How many messages led to this one: each is sent while the one before is received.
  hops integer not null default 0,
  sent_at timestamptz not null default clock_timestamp(),
  request_id text check (length(request_id) <= 200)
);
create index script_messages_sender on script_messages (sender_id);

-- Keys of messages that must not be sent twice; they are forgotten after a day.
create table script_message_keys (
  sender_id uuid not null references scripts on delete cascade,
  key text not null check (length(key) between 1 and 200),
  message_id bigint not null,
  receivers integer not null,
  -- As in script_deliveries: if that transaction is rolled back, the key is free.
  held_by xid8,
  sent_at timestamptz not null default now(),
  primary key (sender_id, key)
);
create index script_message_keys_sent on script_message_keys (sent_at);

-- A message is removed together with its last delivery.
create table script_deliveries (
  message_id bigint not null references script_messages on delete cascade,
  script_id uuid not null references scripts on delete cascade,
  sender_id uuid,
  state text not null default 'pending' check (state in ('pending', 'dead')),
  next_at timestamptz not null,
  attempt integer not null default 0,
  -- The row of `runs` whose process delivers it now.
  runner bigint,
  -- Why the last attempt failed.
  problem text check (length(problem) <= 2000),
  died_at timestamptz,
  -- The transaction of the sender's own database that it was sent in. It is delivered once that is
  -- committed, and removed if it is rolled back.
  held_by xid8,
  primary key (message_id, script_id)
);
create index script_deliveries_due on script_deliveries (script_id, next_at)
  where state = 'pending' and runner is null;
create index script_deliveries_held on script_deliveries (held_by) where held_by is not null;
create index script_deliveries_claimed on script_deliveries (runner) where runner is not null;
create index script_deliveries_listed on script_deliveries (script_id, state, message_id);
create index script_deliveries_sender on script_deliveries (sender_id) where state = 'pending';
create index script_deliveries_dead on script_deliveries (died_at) where state = 'dead';
