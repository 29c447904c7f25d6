#!/usr/bin/env bash
# defaults.sh [--grid] [--seeds N] [--jobs N] [--data NAME,...] [--report FILE] [OPTIONS-AS-JSON]...
# Judges options of cp_train on data sets that are not Telco; see README.md. The extension must be installed.
set -euo pipefail
cd "$(dirname "$0")/../.."

export PYTHONDONTWRITEBYTECODE=1

command -v Rscript >/dev/null && Rscript -e 'library(modeldata)' >/dev/null 2>&1 ||
	{ echo "Please install the Debian packages r-base-core and r-cran-modeldata." >&2; exit 1; }

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
trap 'exit 130' INT TERM HUP
Rscript test/bench/export_modeldata.R "$directory"
test/support/with_cluster.sh -c shared_buffers=256MB -c max_parallel_workers_per_gather=0 \
	/usr/bin/python3 test/bench/defaults.py --directory "$directory" "$@"
