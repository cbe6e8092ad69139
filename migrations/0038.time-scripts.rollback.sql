set local lock_timeout = '5s';

delete from timing_samples where kind = 'script';
alter table timing_samples drop constraint timing_samples_kind_check;
alter table timing_samples add constraint timing_samples_kind_check
  check (kind in ('operation', 'statement')) not valid;
