alter table settings drop column changed_at;

delete from signing_keys k
where exists (select from signing_keys n where n.purpose = k.purpose and n.number > k.number);

alter table signing_keys
  drop constraint signing_keys_pkey,
  drop column number,
  drop column signs_from,
  drop column ends_at,
  add primary key (purpose);
