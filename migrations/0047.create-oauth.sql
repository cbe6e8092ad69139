-- Programs that people connect by OAuth. An authorization is an API token whose secret each refresh replaces.
set local lock_timeout = '5s';

-- Registered by anyone (RFC 7591), so everything is bounded; those without a token are removed.
create table oauth_clients (
  id uuid primary key default gen_random_uuid(),
  name text not null check (length(name) <= 100),
  redirect_uris text[] not null
    check (cardinality(redirect_uris) between 1 and 10 and length(redirect_uris::text) <= 6000),
  -- Null for a public client, which proves itself by PKCE alone.
  secret_hash bytea,
  created_at timestamptz not null default now(),
  used_at timestamptz
);
create index oauth_clients_created on oauth_clients (created_at);

-- A consent page that is open, and then its code. The row outlives the code to recognize a replay.
create table oauth_authorizations (
  id uuid primary key default gen_random_uuid(),
  client_id uuid not null references oauth_clients on delete cascade,
  session_id uuid not null references sessions on delete cascade,
  user_id uuid not null references users on delete cascade,
  redirect_uri text not null check (length(redirect_uri) <= 1000),
  scopes text[] not null check (length(scopes::text) <= 500),
  audience text not null check (length(audience) <= 500),
  challenge text not null check (length(challenge) <= 128),
  state text check (length(state) <= 1000),
  -- Of the form of the consent page; null after the answer.
  form_hash bytea unique,
  -- Of the code; kept after its use.
  code_hash bytea unique,
  expires_at timestamptz not null,
  -- What the code was exchanged for.
  token_id uuid references api_tokens on delete cascade,
  check ((form_hash is null) <> (code_hash is null))
);
create index oauth_authorizations_session on oauth_authorizations (session_id);
create index oauth_authorizations_client on oauth_authorizations (client_id);
create index oauth_authorizations_expires on oauth_authorizations (expires_at);
create index oauth_authorizations_token on oauth_authorizations (token_id);

create table oauth_refresh_tokens (
  secret_hash bytea primary key,
  token_id uuid not null references api_tokens on delete cascade,
  created_at timestamptz not null default now(),
  -- Using it again revokes the token: one of the two who have it stole it.
  used_at timestamptz
);
create index oauth_refresh_tokens_token on oauth_refresh_tokens (token_id);

alter table api_tokens
  add column client_id uuid references oauth_clients,
  -- The only resource that accepts the token (RFC 8707); null: every one.
  add column audience text,
  add constraint api_tokens_audience_check check (length(audience) <= 500) not valid,
  -- When the secret has to be replaced; null: it lasts as long as the token.
  add column secret_expires_at timestamptz;

-- The first script to activate a tool or prompt has its plain name at /mcp.
create table script_mcp_names (
  kind text not null check (kind in ('tool', 'prompt')),
  name text not null check (length(name) <= 128),
  script_id uuid not null references scripts on delete cascade,
  primary key (kind, name)
);
create index script_mcp_names_script on script_mcp_names (script_id);
