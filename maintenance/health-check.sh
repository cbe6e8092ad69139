#!/bin/sh
# Is the engine healthy? Exit code 0 when it is; else one line that says what is wrong, and 1.
exec "${AIWEBENGINE:-aiwebengine}" health "$@"
