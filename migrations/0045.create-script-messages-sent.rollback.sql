set local lock_timeout = '5s';

drop table script_messages_sent;
drop sequence script_message_numbers;
