-- Who made each token, and with which other token: a token can't outlive or outrank its maker.
set local lock_timeout = '5s';

alter table api_tokens
  -- The token that made this one; revoking it revokes this one as well.
  add column parent_id uuid references api_tokens on delete cascade,
  -- No foreign key: when the maker is deleted, the row must still say that there was one.
  add column made_by_id uuid,
  add column made_by text;

-- The audit trail knows the makers of existing tokens. Makers who can't sign in any more are named,
-- but not bound to: scripts that work today go on working after the update.
update api_tokens t
set made_by = e.actor_label,
  made_by_id = (select m.id from users m where m.id = e.actor_id and m.status = 'active'),
  parent_id = (select p.id from api_tokens p where p.id = e.token_id)
from audit_events e
where e.action = 'token.created' and e.after ->> 'token' = cast(t.id as text);
