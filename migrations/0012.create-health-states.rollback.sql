drop table health_states;
