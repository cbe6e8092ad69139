-- The names in GraphQL that the active version of each script takes on its host. A field belongs to
-- one script; a type may be shared by scripts that define it alike. Changes are checked under the
-- lock of script_activations.
set local lock_timeout = '5s';

create table script_graphql_names (
  script_id uuid not null references scripts on delete cascade,
  kind text not null check (kind in ('query', 'mutation', 'subscription', 'type')),
  name text not null check (length(name) <= 100),
  -- Of the definition of a type; empty for a field.
  digest text not null default '' check (length(digest) <= 64),
  primary key (script_id, kind, name)
);
create index script_graphql_names_name on script_graphql_names (kind, name);
