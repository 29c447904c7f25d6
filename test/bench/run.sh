#!/usr/bin/env bash
# run.sh [quality|ensemble|training|scoring|single|explain|screen|decide|allocate|abtest|drift]... [--rows N] [--help]
# Measures quality and speed in a throwaway cluster, side by side with others; README.md says how to read
# the report. The extension must be installed (make bench sees to it). Figures that miss their target are
# printed, not failed.
set -euo pipefail
cd "$(dirname "$0")/../.."

export PYTHONDONTWRITEBYTECODE=1
exec test/support/with_cluster.sh \
	-c shared_buffers=1GB -c max_wal_size=8GB -c synchronous_commit=off -c full_page_writes=off \
	-c autovacuum=off -c checkpoint_timeout=1h -c maintenance_work_mem=256MB \
	/usr/bin/python3 test/bench/run.py "$@"
