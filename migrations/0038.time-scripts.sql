-- How often and how fast scripts answered is kept as for operations and statements, by slug.
set local lock_timeout = '5s';

-- `not valid`: the rows that are there have one of the two old kinds, so none is read.
alter table timing_samples drop constraint timing_samples_kind_check;
alter table timing_samples add constraint timing_samples_kind_check
  check (kind in ('operation', 'statement', 'script')) not valid;
