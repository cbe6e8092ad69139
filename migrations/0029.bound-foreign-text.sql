-- Text that strangers choose is bounded where it is kept: nobody can remove an audit event, so
-- nobody may store megabytes in one. Old rows stay as they are, however long. The engine cuts before
-- it writes; these checks catch what a later change forgets. The audit trail itself has none: they
-- would make each change of a role a tenth slower, and all its texts go through one function.
set local lock_timeout = '5s';

alter table sign_in_attempts add constraint sign_in_attempts_text_is_bounded check (
  length(provider) <= 200 and length(nonce) <= 200 and length(verifier) <= 200
  and length(redirect) <= 2000
) not valid;
alter table rate_windows add constraint rate_windows_text_is_bounded check (
  length(kind) <= 40 and length(address) <= 100
) not valid;
alter table token_addresses add constraint token_addresses_text_is_bounded check (
  length(address) <= 100
) not valid;
alter table api_tokens add constraint api_tokens_text_is_bounded check (
  length(last_used_address) <= 100
) not valid;
alter table sessions add constraint sessions_text_is_bounded check (
  length(provider) <= 200 and length(address) <= 100 and length(user_agent) <= 300
) not valid;
alter table identities add constraint identities_text_is_bounded check (
  length(provider) <= 200 and length(subject) <= 1000 and length(email) <= 1000
) not valid;
alter table users add constraint users_text_is_bounded check (
  length(picture_url) <= 2000
) not valid;
alter table user_roles add constraint user_roles_text_is_bounded check (
  length(granted_by) <= 400 and length(reason) <= 1000
) not valid;
alter table sign_in_links add constraint sign_in_links_text_is_bounded check (
  length(email) <= 320
) not valid;

-- How often callers without an account were refused, by what was refused. One event an hour tells
-- the number of all instances: an event for each would let anybody fill the trail.
create table refusal_counts (
  action text not null check (length(action) <= 100),
  target_type text not null check (length(target_type) <= 100),
  target text not null check (length(target) <= 400),
  cause text not null check (length(cause) <= 400),
  waiting bigint not null,
  since timestamptz not null default now(),
  recorded_at timestamptz,
  primary key (action, target_type, target, cause)
);

comment on column refusal_counts.waiting is 'refusals that no event tells yet';
