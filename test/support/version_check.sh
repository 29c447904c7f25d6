#!/usr/bin/env bash
# version_check.sh VERSION: do META.json and CHANGELOG.md speak of the control file's version? (TAP)
set -euo pipefail
cd "$(dirname "$0")/../.."

version=$1
failed=0
number=0

# check NAME COMMAND...
check() {
	local name=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		failed=1
	fi
}

every_version_in_meta() {
	[ "$(grep -c '^ *"version": *"'"$version"'"' META.json)" = 2 ]
}

check "churnprevent.control names a version" [ -n "$version" ]
check "META.json says $version in both places" every_version_in_meta
check "CHANGELOG.md begins with $version" [ "$(sed -n 's/^## \([0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)" = "$version" ]
exit "$failed"
