# shellcheck shell=bash
# cluster.sh: functions for private clusters; sourced by with_cluster.sh and demo/run.sh.
#
# A cluster is a directory of its own with data, log and socket. It listens on
# no network address and trusts whoever may enter the directory: its owner (user
# postgres when we are root, because initdb refuses root) and root.

# The caller's PG* must lead neither server nor client anywhere else.
for name in ${!PG*}; do
	case $name in
		PG_CONFIG) ;;
		*) unset "$name" ;;
	esac
done
unset name

PG_CONFIG=${PG_CONFIG:-pg_config}
cluster_bin=$("$PG_CONFIG" --bindir)

# as_owner COMMAND...: as the user that owns our clusters, in a folder it may enter.
as_owner() {
	if [ "$(id -u)" = 0 ]; then
		(cd / && exec runuser -u postgres -- "$@")
	else
		"$@"
	fi
}

# cluster_start DIRECTORY [NAME=VALUE]...: makes and starts a cluster in a new, empty directory.
cluster_start() {
	local directory=$1 setting
	shift
	[ "$(id -u)" != 0 ] || chown postgres: "$directory"
	as_owner "$cluster_bin/initdb" -D "$directory/data" -U postgres -A trust -E UTF8 --no-locale --no-sync >"$directory/initdb.log" 2>&1 ||
		{ cat "$directory/initdb.log" >&2; return 1; }
	for setting in listen_addresses= "unix_socket_directories=$directory" fsync=off "$@"; do
		echo "${setting%%=*} = '${setting#*=}'"
	done >>"$directory/data/postgresql.conf"
	as_owner "$cluster_bin/pg_ctl" -D "$directory/data" -l "$directory/server.log" -s -w start ||
		{ cat "$directory/server.log" >&2; return 1; }
}

# cluster_remove DIRECTORY: stops what runs there and removes everything.
cluster_remove() {
	as_owner "$cluster_bin/pg_ctl" -D "$1/data" -s -m immediate stop >/dev/null 2>&1 || true
	rm -rf "$1"
}

# cluster_environment DIRECTORY: points libpq there.
cluster_environment() {
	export PGHOST=$1 PGUSER=postgres PGDATABASE=postgres PATH="$cluster_bin:$PATH"
}
