select t.id as token_id, t.scopes, t.role_ceiling, u.id, u.email, u.name,
  t.last_used_at is null or t.last_used_at < now() - interval '1 minute' as stale,
  not exists (
    select from token_addresses a where a.token_id = t.id and a.address = $2
  ) as is_new_address,
  array['AUTHENTICATED'] || array(
    select upper(r.role) from user_roles r
    where r.user_id = u.id and (r.expires_at is null or r.expires_at > now())
    order by r.role desc
  ) as roles
from api_tokens t join users u on u.id = t.user_id
where t.secret_hash = $1
  and t.revoked_at is null
  and (t.expires_at is null or t.expires_at > now())
  and u.status = 'active'
