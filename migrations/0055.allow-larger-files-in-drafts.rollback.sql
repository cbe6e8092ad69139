set local lock_timeout = '5s';

delete from script_draft_files where length(content) > 5000000;
alter table script_draft_files drop constraint script_draft_files_content_check;
alter table script_draft_files add constraint script_draft_files_content_check
  check (length(content) <= 5000000);
