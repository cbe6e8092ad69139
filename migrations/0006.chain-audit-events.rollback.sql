drop trigger audit_events_await_seal on audit_events;
drop function await_audit_seal;
drop table audit_unsealed;
drop table audit_chain;
