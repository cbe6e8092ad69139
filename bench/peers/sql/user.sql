select u.id, u.email, u.name, u.version,
  array['AUTHENTICATED'] || array(
    select upper(r.role) from user_roles r
    where r.user_id = u.id and (r.expires_at is null or r.expires_at > now())
    order by r.role desc
  ) as roles
from users u where u.id = $1
