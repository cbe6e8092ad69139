#!/bin/sh
# Back up, then let go of what the configuration need not keep ([backup] retention_days).
"${AIWEBENGINE:-aiwebengine}" backup create "$@" && exec "${AIWEBENGINE:-aiwebengine}" backup prune
