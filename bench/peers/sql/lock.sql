select u.id from users u where u.id = any($1) order by u.id for update
