select e.action, e.target_id as user_id from audit_events e where e.id = $1
