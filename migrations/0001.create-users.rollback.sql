drop table user_roles;
drop table identities;
drop table users;
drop function search_grams(text, integer);
