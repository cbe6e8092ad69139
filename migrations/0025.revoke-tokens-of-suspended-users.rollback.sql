-- A revoked token never works again, so there is nothing to take back.
select 1;
