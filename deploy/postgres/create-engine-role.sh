#!/bin/sh
# Run once by the image of PostgreSQL, in a new volume: the engine's own role, which owns its
# database and may make others for restores and drills, and is no superuser.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv password POSTGRES_PASSWORD
create role aiwebengine login createdb password :'password';
grant pg_read_all_stats to aiwebengine;
create database aiwebengine owner aiwebengine;
\connect aiwebengine
select 'create extension pg_stat_statements'
where exists (select from pg_available_extensions where name = 'pg_stat_statements') \gexec
-- Last, so that a script that failed half way can be seen: nobody comes as the superuser from
-- the network any more.
alter role current_user password null;
SQL
