set local lock_timeout = '5s';

drop table script_fetch_hosts, script_secrets;
delete from signing_keys where purpose = 'script-secrets';
