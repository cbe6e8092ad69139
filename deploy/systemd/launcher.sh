#!/bin/sh
# Starts the engine from where `make install-system` put it.
PYTHONPATH=@PREFIX@/lib/aiwebengine
export PYTHONPATH
exec @PYTHON@ -s -m aiwebengine "$@"
