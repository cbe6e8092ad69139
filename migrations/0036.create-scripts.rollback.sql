set local lock_timeout = '5s';

drop table script_log;
drop table script_routes;
drop table script_files;
drop table script_blobs;
drop table script_versions;
drop table script_owners;
drop table scripts;
drop table script_activations;
