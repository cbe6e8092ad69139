create table entries (
  id bigint generated always as identity primary key,
  name text not null check (length(name) between 1 and 60),
  text text not null check (length(text) between 1 and 500),
  at timestamptz not null default now()
);
