# shellcheck shell=bash
# Sourced first by every shell test:
#
#	#!/bin/bash
#	. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
#	need openssl python3
#	...
#	ok "what was shown"
#
# The test runs in a private directory ($tmp, also the current one), with the programs of the
# build first in PATH, and not longer than TEST_LIMIT seconds (set it before sourcing). When it ends, for
# whatever reason, everything that it started is stopped; if it failed, its logs (*.log, out, err) are shown.
# A command that fails unexpectedly ends the test ("set -e" semantics, with the line).

top_srcdir=$(cd "${top_srcdir:-$(dirname "${BASH_SOURCE[0]}")/..}" && pwd)
top_builddir=$(cd "${top_builddir:-$PWD}" && pwd)
if [ -z "${TEST_LIMITED:-}" ]; then
	export top_srcdir top_builddir TEST_LIMITED=1
	# an installed service's settings, which every program reads unless told otherwise, are out of sight
	hide=()
	if [ -e /etc/tvs/tvs.conf ]; then
		[ "$(id -u)" = 0 ] || { echo "BROKEN: /etc/tvs/tvs.conf is there; only root can hide it from the tests" >&2; exit 99; }
		# shellcheck disable=SC2016
		hide=(unshare --mount "$BASH" -c 'mount -t tmpfs none /etc/tvs && exec "$@"' hide)
	fi
	exec "${hide[@]}" timeout --kill-after=15 "${TEST_LIMIT:-120}" "$BASH" "$(realpath "$0")" "$@"
fi
unset TEST_LIMITED TVS_CLOCK

set -Eeu -o pipefail
shopt -s inherit_errexit nullglob
export LC_ALL=C.UTF-8 TZ=UTC
PATH=$top_builddir/truststore:$top_builddir/tvs:$top_builddir/ocsp:$top_builddir/certmon:/usr/bin:/bin:/usr/sbin:/sbin:$PATH
# so that Python finds phone.py and events.py, and writes nothing into the source
export PYTHONPATH=$top_srcdir/tests/integration PYTHONDONTWRITEBYTECODE=1
data=$top_srcdir/tests/data
test_name=$(basename "$0" .sh)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/tvs-$test_name.XXXXXX") || exit 99
cd "$tmp"
chmod 711 "$tmp"
test_pids=()
test_done=
# What sanitizers find in any process of the test is a failure, whatever that process's exit code.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:log_path=$tmp/sanitizer UBSAN_OPTIONS=${UBSAN_OPTIONS:-}:log_path=$tmp/sanitizer

# --- how a test ends

fail()
{
	printf 'FAIL %s: %s\n' "$test_name" "$*" >&2
	exit 1
}

test_error()
{
	printf 'FAIL %s: line %s: %s\n' "$test_name" "${BASH_LINENO[-2]}" "$1" >&2
}

# One thing was shown to hold.
ok()
{
	printf 'ok: %s\n' "$*"
}

# A package is missing on this machine.
skip()
{
	printf 'SKIP %s: %s\n' "$test_name" "$*" >&2
	test_done=77
	exit 77
}

# Nothing is missing, but here it cannot run: no root, no IPv6, built without something, only with --full.
not_here()
{
	skip "not here: $*"
}

need_root()
{
	[ "$(id -u)" = 0 ] || not_here "wants root"
}

# The test could not be set up: not the fault of what it tests.
broken()
{
	printf 'BROKEN %s: %s\n' "$test_name" "$*" >&2
	exit 99
}

# need PROGRAM...: skips the test where one is missing. A program of this build is never optional.
need()
{
	local program
	for program; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

# need_python MODULE...
need_python()
{
	local module
	need python3
	for module; do
		python3 -c "import $module" 2>/dev/null || skip "python3 has no module $module"
	done
}

# Registers code that runs when the test ends, last registered first.
test_cleanups=()
on_exit()
{
	test_cleanups=("$*" "${test_cleanups[@]}")
}

test_end()
{
	local code=$? file
	trap - ERR EXIT
	trap '' TERM INT HUP
	set +eE
	for file in "${test_cleanups[@]}"; do eval "$file"; done
	stop_all
	for file in "$tmp"/sanitizer.*; do
		[ -s "$file" ] || continue
		code=1 test_done=
		mv "$file" "$file.log"
	done
	if [ "$code" != 0 ] && [ "$test_done" != 77 ]; then
		for file in "$tmp"/*.log "$tmp"/out "$tmp"/err; do
			[ -s "$file" ] || continue
			printf -- '--- %s (last 30 lines)\n' "${file##*/}"
			tail -n 30 "$file"
		done >&2
	fi
	echo "time: $SECONDS s"
	cd /
	if [ -n "${TEST_KEEP:-}" ]; then
		echo "kept: $tmp" >&2
	else
		rm -rf "$tmp"
	fi
	exit "$code"
}
trap test_end EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
trap 'exit 129' HUP
trap 'test_error "$BASH_COMMAND"' ERR

# --- processes

# start COMMAND...: runs it in the background without input (openssl s_server then wants -www), output in COMMAND.log (or $log); $! and $pid are its process id.
start()
{
	local file=${log:-$(basename "$1").log}
	# a signal that came while the child still has our traps would be lost with exec: wait until it has not
	[ -p "$tmp/.started" ] || mkfifo "$tmp/.started"
	(
		trap - ERR EXIT TERM INT HUP
		echo >"$tmp/.started"
		if declare -F "$1" >/dev/null; then "$@"; else exec "$@"; fi
	) >>"$file" 2>&1 </dev/null &
	pid=$!
	read -r _ <"$tmp/.started"
	test_pids+=("$pid")
}

alive()
{
	kill -0 "$1" 2>/dev/null
}

# stop PID [SIGNAL] [SECONDS]: ends one, returns its exit code in $stopped; killed when it does not leave in time,
# which is a failure (stopped=killed).
stop()
{
	local one=$1 left=() other
	kill -"${2:-TERM}" "$one" 2>/dev/null || true
	stopped=
	wait_for "${3:-10}" not alive_child "$one" || { kill -KILL "$one" 2>/dev/null; stopped=killed; }
	local code=0
	wait "$one" 2>/dev/null || code=$?
	stopped=${stopped:-$code}
	for other in "${test_pids[@]}"; do
		[ "$other" = "$one" ] || left+=("$other")
	done
	test_pids=("${left[@]}")
}

stop_all()
{
	local one
	for one in "${test_pids[@]}"; do kill -TERM "$one" 2>/dev/null; done
	for one in "${test_pids[@]}"; do stop "$one" TERM 5; done
}

# A child that has ended but was not waited for does not count as alive.
alive_child()
{
	local state
	state=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) || return 1
	[ "${state%% *}" != Z ]
}

not()
{
	! "$@"
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds; 1 when it did not in time. Its output is dropped.
wait_for()
{
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		read -r -t 0.05 <> <(:) || true
	done
}

# A TCP port of 127.0.0.1 and ::1 that is free now, outside of the range that outgoing connections use.
free_port()
{
	python3 - <<-'PYTHON'
	import random, socket
	while True:
	    port = random.randint(10240, 32000)
	    try:
	        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
	            with socket.socket(family, socket.SOCK_STREAM) as s:
	                s.bind((host, port))
	    except OSError as error:
	        if error.errno == 98:
	            continue
	    print(port)
	    break
	PYTHON
}

# port_open PORT [HOST]
port_open()
{
	(exec 3<>"/dev/tcp/${2:-127.0.0.1}/$1") 2>/dev/null
}

# tls_answers HOST PORT: somebody presents a certificate there (whether or not he wants one of us).
tls_answers()
{
	timeout 5 openssl s_client -connect "$1:$2" -cipher ALL:@SECLEVEL=0 </dev/null 2>/dev/null |
		grep -q 'BEGIN CERTIFICATE'
}

# --- judging

# expect CODE COMMAND...: runs it with output in the files out and err; another exit code is a failure.
expect()
{
	local want=$1 code=0
	shift
	"$@" >out 2>err </dev/null || code=$?
	[ "$code" = "$want" ] || fail "exit code $code instead of $want: $*"
}

# out_has TEXT, err_has TEXT: what `expect` left there contains this (fixed string).
out_has()
{
	grep -qF -e "$1" out || fail "standard output lacks \"$1\""
}

out_lacks()
{
	! grep -qF -e "$1" out || fail "standard output has \"$1\""
}

err_has()
{
	grep -qF -e "$1" err || fail "standard error lacks \"$1\""
}

# An error is one line.
err_one_line()
{
	[ "$(wc -l <err)" = 1 ] || fail "standard error has $(wc -l <err) lines instead of one"
}

# same WHAT WANTED GOT
same()
{
	[ "$2" = "$3" ] || fail "$1: \"$3\" instead of \"$2\""
}

# json EXPRESSION [FILE]: Python expression over d, the parsed JSON of FILE (default: out); prints it plainly.
json()
{
	python3 - "$1" "${2:-out}" <<-'PYTHON'
	import json, sys
	d = json.load(open(sys.argv[2], encoding="utf-8"))
	value = eval(sys.argv[1])
	print(value if isinstance(value, str) else json.dumps(value))
	PYTHON
}

# --- certificates, made and read by openssl

# cert_new NAME [OPTION VALUE]...: makes NAME.key and NAME.pem.
#	--ca NAME        signed by that one (default: by itself)
#	--subj /CN=...   default /CN=NAME
#	--key KIND       ec (P-256, default), ec:CURVE, rsa:BITS, ed25519, or key=FILE to use an existing one
#	--days N         default 365
#	--from, --until  YYYYMMDDHHMMSSZ, instead of --days
#	--serial HEX
#	--ext 'key=value'  repeated; without any it has a subjectKeyIdentifier, to be of version 3
cert_new()
{
	local name=$1 ca='' subj="/CN=$1" key=ec days=365 from='' until='' serial='' ext=()
	shift
	while [ $# -gt 0 ]; do
		case $1 in
		--ca) ca=$2 ;;
		--subj) subj=$2 ;;
		--key) key=$2 ;;
		--days) days=$2 ;;
		--from) from=$2 ;;
		--until) until=$2 ;;
		--serial) serial=$2 ;;
		--ext) ext+=("$2") ;;
		*) broken "cert_new: unknown option $1" ;;
		esac
		shift 2
	done
	[ ${#ext[@]} != 0 ] || ext=('subjectKeyIdentifier=hash')
	key_new "$name" "$key"
	serial=${serial:-$(openssl rand -hex 8 | sed 's/^./5/')}
	{
		printf '[req]\ndistinguished_name = dn\nstring_mask = utf8only\n[dn]\n[ext]\n'
		printf '%s\n' "${ext[@]}"
		printf '[ca]\ndatabase = index.txt\nnew_certs_dir = .\nserial = serial\npolicy = any\n'
		printf 'default_md = sha256\npreserve = yes\nunique_subject = no\n'
		printf '[any]\n'
		printf '%s = optional\n' CN OU O L ST C emailAddress serialNumber title
	} >"$name.cnf"
	if [ -z "$from$until" ]; then
		openssl req -x509 -config "$name.cnf" -utf8 -subj "$subj" -key "$name.key" -extensions ext \
			${ca:+-CA "$ca.pem" -CAkey "$ca.key"} -set_serial "0x$serial" -days "$days" -sha256 \
			-out "$name.pem" 2>>openssl.log || broken "openssl cannot make $name.pem"
		return
	fi
	local dir=$name.ca signer=(-selfsign -keyfile "../$name.key")
	[ -z "$ca" ] || signer=(-cert "../$ca.pem" -keyfile "../$ca.key")
	mkdir "$dir" && : >"$dir/index.txt" && echo "$serial" | sed -E 's/^(.(..)*)$/0\1/' >"$dir/serial"
	openssl req -new -config "$name.cnf" -utf8 -subj "$subj" -key "$name.key" -out "$dir/csr" 2>>openssl.log
	(
		cd "$dir" || exit
		openssl ca -batch -notext -config "../$name.cnf" -name ca -utf8 -extensions ext -in csr -out pem \
			-startdate "${from:-20200101000000Z}" -enddate "${until:-20491231235959Z}" \
			"${signer[@]}"
	) 2>>openssl.log || broken "openssl cannot make $name.pem"
	mv "$dir/pem" "$name.pem"
	rm -rf "$dir"
}

# key_new NAME KIND: NAME.key
key_new()
{
	case $2 in
	ec) set -- "$1" ec:P-256 ;;
	esac
	case $2 in
	ec:*) openssl genpkey -quiet -algorithm EC -pkeyopt "ec_paramgen_curve:${2#ec:}" -out "$1.key" ;;
	rsa:*) openssl genpkey -quiet -algorithm RSA -pkeyopt "rsa_keygen_bits:${2#rsa:}" -out "$1.key" ;;
	ed25519) openssl genpkey -quiet -algorithm ED25519 -out "$1.key" ;;
	key=*) [ "${2#key=}" = "$1.key" ] || cp "${2#key=}" "$1.key" ;;
	*) broken "key_new: unknown kind $2" ;;
	esac 2>>openssl.log
}

# ca_new NAME [OPTIONS of cert_new]: a CA's certificate that signs itself, or a subordinate one with --ca.
ca_new()
{
	cert_new "$@" --ext 'basicConstraints=critical,CA:TRUE' --ext 'keyUsage=critical,keyCertSign,cRLSign' \
		--ext 'subjectKeyIdentifier=hash'
}

# sha256_of FILE.pem: the SHA-256 of its (first) certificate, 64 lower-case digits.
sha256_of()
{
	openssl x509 -in "$1" -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1
}

# serial_of FILE.pem: hexadecimal, upper case
serial_of()
{
	openssl x509 -in "$1" -noout -serial | cut -d= -f2
}

# --- the service

# make_store [DIR]: an empty store with a TVS identity (a small wait: it makes an RSA key); sets $store.
make_store()
{
	store=${1:-$tmp/store}
	truststore --store "$store" init >>truststore.log 2>&1 || broken "truststore init fails"
	truststore --store "$store" identity new TVS --cn tvs.example.test >>truststore.log 2>&1 ||
		broken "truststore identity new fails"
}

# make_conf FILE [LINE...]: a configuration for $store on a free port of 127.0.0.1 ($port); LINEs go into [tvsd], and
# a line that begins with [ opens a further section.
make_conf()
{
	local file=$1
	shift
	port=$(free_port)
	{
		printf '[store]\npath = %s\n[tvsd]\nlisten = 127.0.0.1:%s\nworkers = 2\n' "$store" "$port"
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$file"
}

# start_tvsd CONF [OPTION...]: runs tvsd, waits until its first listener answers; $tvsd_pid, log in tvsd.log. With
# TEST_VALGRIND in the environment under valgrind, whose findings are failures.
start_tvsd()
{
	local conf=$1 listen wrap=()
	shift
	[ -z "${TEST_VALGRIND:-}" ] || wrap=(valgrind -q --leak-check=full --trace-children=yes --log-file="$tmp/sanitizer.%p")
	log=tvsd.log start "${wrap[@]}" tvsd --config "$conf" "$@"
	tvsd_pid=$pid
	listen=$(sed -n '/^\[tvsd\]/,/^\[/s/^listen *= *\([^, ]*\).*/\1/p' "$conf" | head -n 1)
	wait_for 30 tvsd_up "${listen%:*}" "${listen##*:}" || fail "tvsd does not answer on $listen"
	alive_child "$tvsd_pid" || fail "tvsd ended at once"
}

tvsd_up()
{
	not alive_child "$tvsd_pid" || tls_answers "$1" "$2"
}

# log_has TEXT [FILE]: waits until the log has a line with this.
log_has()
{
	wait_for 5 grep -qF -e "$1" "${2:-tvsd.log}" || fail "${2:-tvsd.log} lacks \"$1\""
}
