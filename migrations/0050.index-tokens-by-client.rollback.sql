-- transactional: false
drop index concurrently if exists api_tokens_client;
