-- Seals over the trail: each hash covers its event and every hash before it, so that a row that was
-- changed, removed or slipped in shows. Events are sealed after their commit, in an order of the
-- chain's own: sealing within the transaction would make all changes wait for one another.
set local lock_timeout = '5s';

create table audit_chain (
  position bigint primary key,
  event_id bigint not null unique,
  hash bytea not null
);

create table audit_unsealed (
  event_id bigint primary key
);

insert into audit_unsealed (event_id) select id from audit_events;

create function await_audit_seal() returns trigger
language plpgsql
as $$
begin
  insert into audit_unsealed (event_id) select id from added;
  return null;
end
$$;

create trigger audit_events_await_seal
  after insert on audit_events referencing new table as added
  for each statement execute function await_audit_seal();

create trigger audit_chain_append_only
  before update or delete on audit_chain
  for each row execute function refuse_audit_change();

create trigger audit_chain_never_emptied
  before truncate on audit_chain
  for each statement execute function refuse_audit_change();
