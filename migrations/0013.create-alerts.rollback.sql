drop table alert_position;
drop table alert_notices;
drop table alerts;
