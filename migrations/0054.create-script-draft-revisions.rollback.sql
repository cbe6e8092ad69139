set local lock_timeout = '5s';

drop sequence script_draft_revisions;
