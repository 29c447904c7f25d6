#!/usr/bin/env bash
# Stops the demo's cluster and removes its files. (make demo-stop)
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -f build/demo-cluster ]; then
	[ "${1:-}" = quietly ] || echo "no demo is running"
	exit 0
fi
. test/support/cluster.sh

directory=$(cat build/demo-cluster)
# Only what demo/run.sh can have made.
case $directory in
	/tmp/churnprevent-demo.*) cluster_remove "$directory" ;;
esac
rm -f build/demo-cluster
[ "${1:-}" = quietly ] || echo "demo stopped and removed"
