select cast(count(*) as int) from users
