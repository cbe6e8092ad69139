#!/bin/sh
# What is due: disk, backups, slow statements, … each with what was seen.
exec "${AIWEBENGINE:-aiwebengine}" maintenance status "$@"
