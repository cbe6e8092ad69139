drop table audit_events;
drop function refuse_audit_change();
drop function audit_words(text, text, text, text);
