#!/bin/sh
# Remove the log files that are older than the configuration keeps ([logging] retention_days).
exec "${AIWEBENGINE:-aiwebengine}" logs prune "$@"
