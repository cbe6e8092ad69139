#!/bin/sh
# Back up, then prove it: restore the newest backup into a scratch database and look at it there.
"${AIWEBENGINE:-aiwebengine}" backup create "$@" && exec "${AIWEBENGINE:-aiwebengine}" backup drill
