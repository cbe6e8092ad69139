set local lock_timeout = '5s';

drop table script_value_totals;
drop table script_values;
drop function count_script_values();
drop sequence script_value_versions;
