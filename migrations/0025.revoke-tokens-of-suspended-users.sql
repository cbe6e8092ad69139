-- Suspending a user revokes the user's API tokens since this version. Tokens of users who were
-- suspended before would work again when these are reinstated.
set local lock_timeout = '5s';

update api_tokens t set revoked_at = now()
from users u
where u.id = t.user_id and u.status = 'suspended' and t.revoked_at is null;
