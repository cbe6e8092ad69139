select u.email,
  (
    select a.status = 'active' and exists (
      select from user_roles r
      where r.user_id = a.id and r.role = 'Administrator'
        and (r.expires_at is null or r.expires_at > now())
    )
    from users a where a.id = $2
  ) as may,
  exists (
    select from user_roles r
    where r.user_id = u.id and r.role = $3 and (r.expires_at is null or r.expires_at > now())
  ) as holds
from users u
where u.id = $1
