with u as (
  update users set version = version + 1, updated_at = now() where id = $1 returning *
)
select u.id, u.email, u.name, u.version,
  array['AUTHENTICATED'] || array(
    select upper(r.role) from user_roles r
    where r.user_id = u.id and (r.expires_at is null or r.expires_at > now())
    order by r.role desc
  ) as roles
from u
