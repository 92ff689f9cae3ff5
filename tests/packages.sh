# shellcheck shell=bash disable=SC2034
# The Debian packages that building, trying and testing need, and how they are installed.
# Sourced by ./quickstart and ./run-tests.

# autoconf brings perl and m4, gcc binutils, make nothing
packages_build='autoconf automake pkg-config gcc make libc6-dev libgnutls28-dev liblmdb-dev libev-dev
	libcurl4-gnutls-dev libini-config-dev libjansson-dev libssl-dev libsystemd-dev libsqlite3-dev'
packages_try='openssl ca-certificates'
packages_test='check clang libclang-rt-dev llvm valgrind python3 python3-cryptography python3-aiosmtpd python3-icalendar
	python3-prometheus-client xz-utils gnutls-bin softhsm2 nginx redis-server sasl2-bin libsasl2-modules openssh-server openssh-client
	lmdb-utils systemd procps iproute2'
# a mail server is installed only where there is none, because there can be only one
[ -e /usr/sbin/sendmail ] || packages_test="$packages_test postfix"
packages_full='chromium openjdk-17-jre-headless'

# packages_missing NAME...: those that are not installed
packages_missing()
{
	local name
	for name; do
		[ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null)" = 'ii ' ] || echo "$name"
	done
}

# packages_install NAME...: installs what is missing, as root or with sudo. No service that comes along is
# started, now or at the next boot; one that was there before is left alone.
packages_install()
{
	local missing as_root=() policy=/usr/sbin/policy-rc.d own_policy='' units='' unit
	missing=$(packages_missing "$@" | tr '\n' ' ')
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" != 0 ]; then
		if ! command -v sudo >/dev/null; then
			echo "These packages are missing; install them as root, then try again: $missing" >&2
			return 1
		fi
		as_root=(sudo)
	fi
	echo "Installing: $missing"
	for unit in nginx redis-server ssh postfix saslauthd; do
		[ -e "/lib/systemd/system/$unit.service" ] || units="$units $unit"
	done
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null || return 1
		"${as_root[@]}" chmod 755 "$policy"
		own_policy=yes
	fi
	local code=0
	# shellcheck disable=SC2086
	{
		"${as_root[@]}" apt-get -qq update &&
			"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends --no-remove \
				-o Dpkg::Use-Pty=0 install $missing
	} >packages.log 2>&1 </dev/null || code=$?
	[ -z "$own_policy" ] || "${as_root[@]}" rm -f "$policy"
	if [ "$code" != 0 ]; then
		tail -n 30 packages.log >&2
		echo "The packages could not be installed (the whole log: packages.log)." >&2
		return 1
	fi
	rm -f packages.log
	for unit in $units; do "${as_root[@]}" systemctl -q disable "$unit" 2>/dev/null || true; done
}
