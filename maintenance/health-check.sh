#!/bin/sh
# Exit status 0 when the engine is healthy; else one line that says what is wrong, and 1.
# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/find-engine"
engine health "$@"
