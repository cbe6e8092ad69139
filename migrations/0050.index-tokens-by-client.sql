-- transactional: false
-- Tokens of a program that people connect by OAuth. One that was not completed is made again.
drop index concurrently if exists api_tokens_client;
create index concurrently api_tokens_client on api_tokens (client_id) where client_id is not null;
