#!/usr/bin/env bash
# Starts a private cluster in a directory of its own, runs demo.sql there and
# leaves it running. Replaces the cluster of an earlier demo. (make demo)
set -euo pipefail
cd "$(dirname "$0")/.."
. test/support/cluster.sh

demo/stop.sh quietly
directory=$(mktemp -d /tmp/churnprevent-demo.XXXXXX)
mkdir -p build
echo "$directory" >build/demo-cluster

start=$EPOCHREALTIME
cluster_start "$directory"
cluster_environment "$directory"
psql -X -q -c 'CREATE DATABASE demo'
LC_ALL=C awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%-22s %5.1f s\n", "private cluster", b - a }'

PAGER='' psql -X -q -d demo -f demo/demo.sql

cat <<END

The cluster goes on running. Look around:   psql -h $directory -U postgres demo
Stop it and remove its files:               make demo-stop
END
