alter table sign_in_attempts drop column used_at, drop column begun_at, drop column again_as;
alter table sessions drop column authenticated_at;
