#!/bin/sh
# Remove log files that are older than [logging] retention_days.
# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/find-engine"
engine logs prune "$@"
