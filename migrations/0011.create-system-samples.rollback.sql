drop table timing_samples;
drop table system_samples;
