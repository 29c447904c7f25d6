#!/usr/bin/env bash
# Builds, and installs into the server that PG_CONFIG names unless the very
# same files are there already. One line a step; the whole output on failure.
set -euo pipefail
cd "$(dirname "$0")/../.."

make=${MAKE:-make}
stage=$PWD/build/stage
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# step NAME COMMAND...
step() {
	local name=$1 start=$EPOCHREALTIME
	shift
	if ! "$@" >"$log" 2>&1; then
		cat "$log" >&2
		echo "$name failed" >&2
		exit 1
	fi
	grep 'warning:' "$log" >&2 || true
	LC_ALL=C awk -v n="$name" -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%-22s %5.1f s\n", n, b - a }'
}

same_as_installed() {
	local file
	rm -rf "$stage"
	"$make" --no-print-directory install DESTDIR="$stage" >/dev/null 2>&1 || return 1
	while read -r file; do
		cmp -s "$file" "${file#"$stage"}" || return 1
	done < <(find "$stage" -type f)
}

install_as_root() {
	if [ -w "$("$PG_CONFIG" --pkglibdir)" ] && [ -w "$("$PG_CONFIG" --sharedir)/extension" ]; then
		"$make" --no-print-directory install
	elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
		sudo "$make" --no-print-directory install PG_CONFIG="$PG_CONFIG"
	else
		echo "No right to install into $("$PG_CONFIG" --pkglibdir), and no sudo. As root, please run in this folder: make install"
		return 1
	fi
}

PG_CONFIG=$(command -v "${PG_CONFIG:-pg_config}")
export PG_CONFIG

jobs=()
[[ "${MAKEFLAGS:-}" == *-j* ]] || jobs=(-j "$(getconf _NPROCESSORS_ONLN)")
step "build" "$make" --no-print-directory "${jobs[@]}" all
same_as_installed || step "install" install_as_root
