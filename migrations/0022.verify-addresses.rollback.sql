drop table bootstrap_appointments;
alter table access_review_entries drop column email_verified;
alter table user_roles drop column confirmed_unverified;
alter table identities drop column address_proved_at;
drop table user_addresses;
