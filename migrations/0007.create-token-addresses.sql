-- From where each token has been used, so that a new place can be told of.
set local lock_timeout = '5s';

create table token_addresses (
  token_id uuid not null references api_tokens (id) on delete cascade,
  address text not null,
  first_used_at timestamptz not null default now(),
  primary key (token_id, address)
);
