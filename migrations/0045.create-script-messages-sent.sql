-- Messages of scripts to those who listen (event streams, WebSockets, subscriptions). They are kept
-- for a few minutes, for listeners that reconnect.
set local lock_timeout = '5s';

-- Not part of the table: numbers must continue when all messages were removed.
create sequence script_message_numbers;

-- No foreign key: it would write to, and lock, the row of the script for each message.
create table script_messages_sent (
  number bigint primary key,
  script_id uuid not null,
  channel text not null check (length(channel) <= 600),
  -- The id that the script gave it.
  own_id text check (length(own_id) <= 200),
  -- Everything but the number, as it is announced.
  body text not null check (length(body) <= 600000),
  sent_at timestamptz not null default clock_timestamp()
);
create index script_messages_sent_channel on script_messages_sent (script_id, channel, number);

-- Routes for WebSockets. `not valid`: the rows that are there have one of the old kinds.
alter table script_routes drop constraint script_routes_kind_check;
alter table script_routes add constraint script_routes_kind_check
  check (kind in ('route', 'fetch', 'asset', 'stream', 'socket')) not valid;
