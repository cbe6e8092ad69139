set local lock_timeout = '5s';

drop table script_deliveries;
drop table script_message_keys;
drop table script_messages;
drop table script_listeners;
