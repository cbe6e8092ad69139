with event as (
  insert into audit_events (
    action, actor_kind, actor_id, actor_label, target_type, target_id, target_label,
    before, after, reason, token_id, request_id, address, user_agent, door
  )
  values ($1, 'token', $2, $3, 'user', $4, $5, $6, $7, $8, $9, $10, $11, $12, 'graphql')
  returning id
)
select id, pg_notify('aiwebengine_events', id || ' ' || cast($1 as text)) from event
