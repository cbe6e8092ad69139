#!/bin/sh
# Show recurring maintenance that is due: disk, backups, slow statements, … with the evidence.
# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/find-engine"
engine maintenance status "$@"
