set local lock_timeout = '5s';

drop table script_draft_files;
drop table script_drafts;
