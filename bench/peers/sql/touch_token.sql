update api_tokens set last_used_at = now(), last_used_address = $2 where id = $1
