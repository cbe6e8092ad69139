set local lock_timeout = '5s';

drop table script_mcp_names;
-- The version before would accept their tokens everywhere.
update api_tokens set revoked_at = now() where client_id is not null and revoked_at is null;
drop table oauth_refresh_tokens;
drop table oauth_authorizations;
alter table api_tokens
  drop column client_id,
  drop column audience,
  drop column secret_expires_at;
drop table oauth_clients;
