#!/bin/sh
# Back up the database, then remove backups that [backup] need not keep (retention_days, keep_…).
# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/find-engine"
engine backup create "$@" && engine backup prune
