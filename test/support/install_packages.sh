#!/usr/bin/env bash
# install_packages.sh build|check|demo|bench|format
# Installs from Debian what this machine lacks for one purpose; silent when nothing is missing.
set -euo pipefail

purpose=${1:?purpose: build, check, demo, bench or format}
pg_config=${PG_CONFIG:-pg_config}
debian_python=/usr/bin/python3

# The server and its development files: Debian has pg_config in libpq's package
# and pgxs.mk in the client's, so neither says much.
server_found() {
	"$pg_config" --version >/dev/null 2>&1 &&
		[ -f "$("$pg_config" --pgxs)" ] &&
		[ -f "$("$pg_config" --includedir-server)/postgres.h" ] &&
		[ -x "$("$pg_config" --bindir)/postgres" ]
}

# The version in use, else the newest server installed, else the one Debian offers.
server_version() {
	local version
	if server_found; then
		"$pg_config" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/'
		return
	fi
	version=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'postgresql-[0-9]*' 2>/dev/null |
		sed -n 's/^installed postgresql-\([0-9]*\)$/\1/p' | sort -n | tail -n 1) || true
	if [ -z "$version" ]; then
		version=$(apt-cache depends postgresql 2>/dev/null |
			sed -n 's/^ *Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1)
	fi
	echo "$version"
}

extension_found() { server_found && [ -f "$("$pg_config" --sharedir)/extension/$1.control" ]; }
library_found() { compgen -G "/usr/lib/*/$1" >/dev/null; }
python_found() { "$debian_python" -c "import $1" >/dev/null 2>&1; }

# One package a line; VERSION stands for the server's version.
missing_packages() {
	if [ "$purpose" = format ]; then
		command -v clang-format >/dev/null || echo clang-format
		return
	fi
	command -v gcc >/dev/null || command -v cc >/dev/null || echo gcc
	[ -f /usr/include/stdio.h ] || echo libc6-dev
	server_found || printf '%s\n' postgresql-VERSION postgresql-server-dev-VERSION
	library_found openblas-serial/libopenblas.so.0 || echo libopenblas0-serial
	[ -f /usr/include/glpk.h ] || echo libglpk-dev
	case $purpose in
		check)
			extension_found pgtap || echo postgresql-VERSION-pgtap
			command -v pg_prove >/dev/null || echo libtap-parser-sourcehandler-pgtap-perl
			perl -MIPC::Run -e 1 >/dev/null 2>&1 || echo libipc-run-perl
			;;
		bench)
			python_found xgboost || echo python3-xgboost
			python_found pandas || echo python3-pandas
			python_found psycopg2 || echo python3-psycopg2
			command -v glpsol >/dev/null || echo glpk-utils
			command -v cbc >/dev/null || echo coinor-cbc
			;;
	esac
}

# apt-get with the rights it needs, or the command to type and an end.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
		sudo -n "$@"
	elif command -v sudo >/dev/null && [ -t 0 ]; then
		sudo "$@"
	else
		return 77
	fi
}

# apt_get ARGUMENTS...: quiet unless it fails.
apt_get() {
	local log status=0
	log=$(mktemp)
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 || status=$?
	[ "$status" = 0 ] || [ "$status" = 77 ] || cat "$log" >&2
	rm -f "$log"
	return "$status"
}

mapfile -t missing < <(missing_packages)
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "This is no Debian machine; please install the equivalents of: ${missing[*]//VERSION/N}" >&2
	exit 1
fi

# The command for somebody who is root: apt's own, or this script where apt's
# lists are needed first to know the server's version.
refuse() {
	local version command
	version=$(server_version)
	command="apt-get update && apt-get install -y --no-install-recommends ${missing[*]//VERSION/$version}"
	if [ -z "$version" ] && [[ "${missing[*]}" == *VERSION* ]]; then
		command="test/support/install_packages.sh $purpose"
	fi
	printf '%s\n' "Packages are missing and there is no way to become root here. As root, please run" "" \
		"    $command" "" "and then try again." >&2
	exit 1
}

status=0
apt_get update || status=$?
[ "$status" != 77 ] || refuse
[ "$status" = 0 ] || echo "apt-get update failed; going on with the package lists at hand" >&2

version=$(server_version)
if [ -z "$version" ] && [[ "${missing[*]}" == *VERSION* ]]; then
	echo "apt offers no package postgresql; look at its sources" >&2
	exit 1
fi
missing=("${missing[@]//VERSION/$version}")
echo "installing ${missing[*]}"
apt_get install -y --no-install-recommends "${missing[@]}"
