insert into user_roles (user_id, role, granted_by, reason)
values ($1, $2, $3, $4)
on conflict (user_id, role) do update
set granted_at = now(), granted_by = $3, reason = $4, expires_at = null
