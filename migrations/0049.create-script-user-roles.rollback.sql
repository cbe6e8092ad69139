set local lock_timeout = '5s';

alter table script_sessions drop column browser_hash;
drop table script_user_roles;
