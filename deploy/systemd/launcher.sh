#!/bin/sh
# Starts the engine from where `make install-system` put it. What root types works with the
# settings, the folders and the account of the service: the files that it makes are the engines'.
# -S keeps out packages that the system has for its own purposes.
export PYTHONPATH=@PREFIX@/lib/aiwebengine
if [ "$(id -u)" != 0 ] || [ ! -r /etc/aiwebengine/environment ]; then
	exec @PYTHON@ -S -m aiwebengine "$@"
fi
export HOME=/var/lib/aiwebengine
export APP_CONFIG_FILE=/etc/aiwebengine/config.toml
export APP_LOGGING__FILE=/var/log/aiwebengine/aiwebengine.log
export APP_REPOSITORY__DATA_DIR="$HOME"
export APP_BACKUP__DIRECTORY="$HOME/backups"
set -a
# shellcheck source=/dev/null
. /etc/aiwebengine/environment
set +a
install -d -o aiwebengine -g aiwebengine -m 0750 \
	"$HOME" "$HOME/backups" /var/log/aiwebengine || exit 1
# Where the account may be: a relative path of a command's is one below it.
cd "$HOME" || exit 1
umask 0077
exec setpriv --reuid=aiwebengine --regid=aiwebengine --init-groups @PYTHON@ -S -m aiwebengine "$@"
