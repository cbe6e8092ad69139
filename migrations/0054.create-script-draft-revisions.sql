-- Revisions of drafts, none given twice: a draft that was discarded and begun again in another window
-- must not have the revision that this window knows.

set local lock_timeout = '5s';

create sequence script_draft_revisions as integer cycle;
do $$
begin
  perform setval('script_draft_revisions', max(revision) + 1, false)
  from script_drafts
  having max(revision) > 0;
end
$$;
