#!/usr/bin/env bash
# Runs every suite on the installed extension, each in throwaway clusters, and
# closes with one line: how many tests passed and failed over all of them.
# A suite that runs no test has failed.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
. test/support/cluster.sh
export PG_CONFIG

passed=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

make_() { make --no-print-directory "$@"; }
with_cluster() { "$root/test/support/with_cluster.sh" "$@"; }

# Tests in a log: TAP lines ("ok 3 - ..."; indented ones are parts of one) or
# pg_regress before version 16 ("test x ... ok   12 ms"). Prints passed and failed.
count() {
	awk '/^ok [0-9]/ || /\.\.\. ok +[0-9]+ ms/ { good++; next }
		/^not ok [0-9].*# *[T]ODO/ { good++; next }
		/^not ok [0-9]/ || /\.\.\. FAILED/ { bad++ }
		END { print good + 0, bad + 0 }' "$1"
}

# suite NAME COMMAND...: one line when all is well, everything when not.
suite() {
	local name=$1 log=$work/$1.log start=$EPOCHREALTIME status=0 good bad more
	shift
	rm -rf regression.diffs tmp_check
	"$@" >"$log" 2>&1 </dev/null || status=$?
	read -r good bad < <(count "$log")
	if [ "$status" != 0 ] && [ "$bad" = 0 ]; then
		echo "$name ended with status $status" >>"$log"
		bad=1
	elif [ "$good" = 0 ] && [ "$bad" = 0 ]; then
		echo "$name ran no test" >>"$log"
		bad=1
	fi
	LC_ALL=C awk -v n="$name" -v g="$good" -v b="$bad" -v s="$start" -v e="$EPOCHREALTIME" \
		'BEGIN { printf "== %-10s %4d passed, %d failed %7.1f s\n", n, g, b, e - s }'
	if [ "$bad" != 0 ]; then
		cat "$log"
		for more in regression.diffs tmp_check/log/regress_log_* "$work"/tap/tmp_check/log/regress_log_*; do
			[ ! -s "$more" ] || { echo "-- ${more##*/}"; tail -n 200 "$more"; }
		done
		echo "== end of $name"
	fi
	passed=$((passed + good))
	failed=$((failed + bad))
}

# PostgreSQL::Test makes clusters itself, which root may not: there a copy of
# the tree belongs to user postgres.
tap() {
	if [ "$(id -u)" != 0 ]; then
		make_ prove PROVE_FLAGS=--verbose
		return
	fi
	mkdir "$work/tap"
	tar -c --exclude=./.git --exclude=./build --exclude=./tmp_check . | tar -x -C "$work/tap"
	chown -R postgres: "$work"
	(cd "$work/tap" && runuser -u postgres -- make --no-print-directory prove PROVE_FLAGS=--verbose PG_CONFIG="$PG_CONFIG")
}

suite house make_ version-check
suite unit make_ unit
suite regress with_cluster make --no-print-directory installcheck ONLY=regress
suite isolation with_cluster make --no-print-directory installcheck ONLY=isolation
suite pgtap with_cluster make --no-print-directory pgtap PROVE_FLAGS=--verbose
suite tap tap

echo
echo "churnprevent: $passed passed, $failed failed"
[ "$failed" = 0 ]
