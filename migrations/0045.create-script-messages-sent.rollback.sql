set local lock_timeout = '5s';

delete from script_routes where kind = 'socket';
alter table script_routes drop constraint script_routes_kind_check;
alter table script_routes add constraint script_routes_kind_check
  check (kind in ('route', 'fetch', 'asset', 'stream')) not valid;

drop table script_messages_sent;
drop sequence script_message_numbers;
