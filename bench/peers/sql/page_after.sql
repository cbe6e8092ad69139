select u.id, u.email, u.name, u.created_at, cast(u.created_at as text) as place,
  array['AUTHENTICATED'] || array(
    select upper(r.role) from user_roles r
    where r.user_id = u.id and (r.expires_at is null or r.expires_at > now())
    order by r.role desc
  ) as roles,
  array(
    select distinct i.provider from identities i where i.user_id = u.id order by i.provider
  ) as providers
from users u
where (u.created_at, u.id) < (cast(cast($2 as text) as timestamptz), $3)
order by u.created_at desc, u.id desc
limit $1
