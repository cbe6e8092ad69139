-- Who was told of what: alerts, the notices of each that go out, and how far the trail was read.
set local lock_timeout = '5s';

create table alerts (
  id bigint generated always as identity primary key,
  name text not null,
  instance text not null,
  state text not null check (state in ('open', 'over', 'event')),
  severity text not null,
  title text not null,
  detail text not null,
  since timestamptz not null,
  seen_at timestamptz not null default now(),
  calm_since timestamptz,
  settle_secs double precision not null default 0,
  reminded_at timestamptz not null default now(),
  over_at timestamptz
);
comment on column alerts.instance is 'empty when it concerns all instances';
comment on column alerts.calm_since is 'since when all has been well while the alert is open';

-- Whoever inserts first tells; everybody else finds it told.
create unique index alerts_open on alerts (name, instance) where state = 'open';
create index alerts_over on alerts (name, instance, over_at) where state = 'over';

create table alert_notices (
  id bigint generated always as identity primary key,
  alert_id bigint not null references alerts (id) on delete cascade,
  channel text not null,
  kind text not null,
  severity text not null,
  detail text not null,
  at timestamptz not null default now(),
  due_at timestamptz not null,
  claimed_until timestamptz,
  attempts integer not null default 0,
  sent_at timestamptz,
  last_error text
);
create index alert_notices_alert_id on alert_notices (alert_id);
create index alert_notices_waiting on alert_notices (channel, due_at) where sent_at is null;
create index alert_notices_sent on alert_notices (channel, sent_at) where sent_at is not null;

create table alert_position (
  is_only boolean primary key default true check (is_only),
  position bigint not null
);
comment on table alert_position is 'the last seal of the trail whose event was looked at';

insert into alert_position (position) select coalesce(max(position), 0) from audit_chain;
