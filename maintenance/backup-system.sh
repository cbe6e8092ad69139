#!/bin/sh
# Usage: backup-system.sh [OPTIONS]
#
# Back up everything that a new machine needs into a new folder: the database, the configuration
# with its secrets, Caddy's data, the logs of the last seven days and the maintenance scripts. Then
# run a restore drill on the backup of the database. How to restore: docs/new-machine.md.
#
# Options of `aiwebengine backup create` are passed to it: --note TEXT, --include-secrets,
# --passphrase-file FILE. -h or --help prints this text and does nothing else.
#
# Environment variables:
#   BACKUP_DIR              destination (default: backups/system)
#   BACKUP_PASSPHRASE_FILE  file with a passphrase of at least 12 characters, which encrypts
#                           configuration and Caddy's data (default: secrets/backup-passphrase or,
#                           with systemd, /etc/aiwebengine/backup-passphrase, if it exists)
#   KEEP_DAYS               remove system backups older than this many days (default: 60)

set -eu
# Check all arguments before anything is done.
previous=
for argument; do
	case $previous:$argument in
	--note:* | --passphrase-file:*) argument= ;;
	*:-h | *:--help) exec sed -n '2,/^$/s/^# \{0,1\}//p' "$0" ;;
	*:--note | *:--note=* | *:--passphrase-file | *:--passphrase-file=* | *:--include-secrets) ;;
	*)
		echo "backup-system.sh: unknown argument $argument. See backup-system.sh --help." >&2
		exit 2
		;;
	esac
	previous=$argument
done
umask 077
# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/find-engine"

if [ -z "$is_installed" ]; then
	base=. state=. kept=logs written=maintenance
	configured="config*.toml .env secrets docker-compose*.yml Caddyfile data/backup-signing.key"
else
	# Paths relative to /, where they are restored.
	base=/ state=/var/lib/aiwebengine kept=var/log/aiwebengine written=opt/aiwebengine/maintenance
	configured="etc/aiwebengine etc/caddy etc/systemd/system/aiwebengine* etc/systemd/system/caddy*
		var/lib/aiwebengine/backup-signing.key"
fi
into=${BACKUP_DIR:-$state/backups/system}
passphrase=${BACKUP_PASSPHRASE_FILE:-}
for file in secrets/backup-passphrase /etc/aiwebengine/backup-passphrase; do
	[ -n "$passphrase" ] || [ ! -r "$file" ] || passphrase=$file
done
if [ -n "$passphrase" ] && [ ! -r "$passphrase" ]; then
	echo "The passphrase file $passphrase can't be read." >&2
	exit 1
fi

# Run a command in the container of the engine, if there is one: only there is the archive visible.
in_container() {
	if [ -f "$AIWEBENGINE" ] || [ "${AIWEBENGINE% *}" = "$AIWEBENGINE" ]; then
		"$@"
	else
		# shellcheck disable=SC2086 # several words
		${AIWEBENGINE% *} "$@"
	fi
}

# tar exits with status 1 if a log grows while it is read, which is not a failure.
pack() {
	tar "$@" || [ $? -eq 1 ]
}

# Write standard input to the file $1, encrypted if there is a passphrase.
keep_secret() {
	if [ -n "$passphrase" ]; then
		cat > "$folder/plain"
		{ head -n 1 "$passphrase"; cat "$folder/plain"; } | engine backup seal > "$folder/$1.sealed"
		rm "$folder/plain"
	else
		cat > "$folder/$1"
	fi
}

existing() {
	# shellcheck disable=SC2086 # patterns
	(cd "$base" && for path in $1; do [ ! -e "$path" ] || echo "$path"; done)
}

mkdir -p "$into"
folder=$(mktemp -d "$into/unfinished.XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

# 1. The database
made=$(engine backup create --json "$@")
name=$(printf '%s\n' "$made" | sed -n 's/.*"name": *"\(aiwebengine-[^"]*\.tar\)".*/\1/p' | head -n 1)
directory=$(engine check-config --json |
	sed -n '/^ *"backup": *{/,/}/s/^ *"directory": *"\(.*\)".*/\1/p' | head -n 1)
engine backup verify "$name"
engine backup drill --name "$name"
in_container cat "$directory/$name" > "$folder/$name"
sum=$(in_container sha256sum "$directory/$name" | cut -d ' ' -f 1)
if [ "$sum" != "$(sha256sum < "$folder/$name" | cut -d ' ' -f 1)" ]; then
	echo "The copy of $name differs from the archive. Is the disk full?" >&2
	exit 1
fi

# 2. Configuration and secrets. The passphrase itself stays outside.
existing "$configured" > "$folder/list"
pack -C "$base" --exclude=backup-passphrase -cf "$folder/packed" -T "$folder/list"
keep_secret configuration.tar < "$folder/packed"

# 3. Certificates of Caddy
caddy=
case $AIWEBENGINE in
"docker compose "*" exec "* | "docker compose exec "*)
	# shellcheck disable=SC2086 # several words
	${AIWEBENGINE%% exec *} exec -T caddy tar -C /data -cf - . > "$folder/packed"
	caddy=yes
	;;
*)
	if [ -r "${CADDY_DATA:-/var/lib/caddy}" ]; then
		pack -C "${CADDY_DATA:-/var/lib/caddy}" -cf "$folder/packed" .
		caddy=yes
	fi
	;;
esac
[ -z "$caddy" ] || keep_secret caddy-data.tar < "$folder/packed"

# 4. Logs of the last seven days, and the scripts
if [ -d "$base/$kept" ]; then
	(cd "$base" && find "$kept" -type f -mtime -7) > "$folder/list"
	pack -C "$base" -czf "$folder/logs.tar.gz" -T "$folder/list"
fi
pack -C "$base" -czf "$folder/scripts.tar.gz" "$written"

rm -f "$folder/packed" "$folder/list"
engine --version > "$folder/VERSION"
(cd "$folder" && sha256sum -- * > ../sums && mv ../sums SHA256SUMS && sha256sum --quiet -c SHA256SUMS)

# The folder gets its final name when it is complete.
whole=$into/$(date +%Y%m%d-%H%M%S)
mv "$folder" "$whole"
trap - EXIT
find "$into" -mindepth 1 -maxdepth 1 -type d -name '[0-9]*-[0-9]*' -mtime "+${KEEP_DAYS:-60}" \
	-exec rm -rf {} +
echo "System backup: $whole"
[ -n "$passphrase" ] || echo "configuration.tar contains secrets. It is not encrypted; only its owner can read it." \
	"To encrypt it, write a passphrase to secrets/backup-passphrase." >&2
