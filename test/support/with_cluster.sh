#!/usr/bin/env bash
# with_cluster.sh [-c NAME=VALUE]... COMMAND...
# Runs COMMAND with PG* pointing at a throwaway cluster, which is removed however it ends.
# The exit status is COMMAND's.
set -euo pipefail
. "$(dirname "$0")/cluster.sh"

settings=()
while [ "${1:-}" = -c ]; do
	settings+=("$2")
	shift 2
done

directory=$(mktemp -d)
trap 'cluster_remove "$directory"' EXIT
trap 'exit 130' INT TERM HUP

cluster_start "$directory" "${settings[@]}"
cluster_environment "$directory"
"$@"
