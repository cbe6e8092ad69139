-- Who changed what. Rows outlive the people they name, so there are no foreign keys here.
set local lock_timeout = '5s';

create table audit_events (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  action text not null,
  actor_kind text not null check (actor_kind in ('user', 'token', 'operator', 'system')),
  actor_id uuid,
  actor_label text not null,
  target_type text not null,
  target_id uuid,
  target_label text not null,
  before jsonb,
  after jsonb,
  reason text,
  session_id uuid,
  token_id uuid,
  request_id text,
  address text,
  user_agent text,
  door text not null
);

-- Every list of the trail is newest first: each filter has the index that walks it so.
create index audit_events_at on audit_events (at, id);
create index audit_events_target on audit_events (target_id, at, id);
create index audit_events_actor on audit_events (actor_id, at, id);
create index audit_events_action on audit_events (action, at, id);
create index audit_events_request on audit_events (request_id);

create function audit_words(
  actor_label text, target_label text, reason text, request_id text
) returns tsvector
language sql immutable parallel safe
as $$
  select to_tsvector('simple', actor_label || ' ' || target_label || ' '
    || coalesce(reason, '') || ' ' || coalesce(request_id, ''))
$$;

create index audit_events_words on audit_events
  using gin (audit_words(actor_label, target_label, reason, request_id));

create function refuse_audit_change() returns trigger
language plpgsql
as $$
begin
  raise exception 'the audit trail is append-only: % refused', tg_op
    using errcode = 'insufficient_privilege';
end
$$;

create trigger audit_events_append_only
  before update or delete on audit_events
  for each row execute function refuse_audit_change();

create trigger audit_events_never_emptied
  before truncate on audit_events
  for each statement execute function refuse_audit_change();
