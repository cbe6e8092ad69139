drop table signing_keys;
drop table sign_in_links;
drop table api_tokens;
drop table sessions;
