-- Revisions of drafts, none given twice: a draft that was discarded and begun again in another window
-- must not have the revision that this window knows. No released version has drafts, so none has
-- counted its revisions itself.

set local lock_timeout = '5s';

create sequence script_draft_revisions as integer cycle;
