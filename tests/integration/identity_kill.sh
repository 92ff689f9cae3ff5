#!/bin/bash
# Own certificates are renewed, requested and installed while the program is killed at each step on the disk in turn, or the disk is
# full from that step on: the certificate in use always has its key, and what was done can be done again.
TEST_LIMIT=600
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3
nth=$top_builddir/tests/integration/nth_write
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # not under a tracer
code=0
"$nth" kill 1 touch x || code=$?
[ "$code" != 77 ] || skip "processes cannot be traced here"
T() { truststore --store "$tmp/store" "$@"; }

# The starting point: an own certificate, a pending request, and what a CA made of it. EC keys are made quickly.
purpose=tomcat-ECDSA
truststore --store "$tmp/start" init >/dev/null
truststore --store "$tmp/start" identity new $purpose --cn web.example.test --quiet
truststore --store "$tmp/start" identity csr $purpose --cn web.example.test --quiet --out csr.pem
ca_new ca
ca_new inter --ca ca
truststore --store "$tmp/start" add tomcat-trust ca.pem --quiet
openssl x509 -req -in csr.pem -CA inter.pem -CAkey inter.key -copy_extensions copyall -days 30 -out web.pem 2>>openssl.log
cat web.pem inter.pem >chain.pem
truststore --store "$tmp/start" identity show $purpose --json >used.json
old=$(json 'd["sha256"]' used.json)

# in_use: the certificate in use and its key, judged by openssl; prints the certificate's digest
in_use()
{
	T verify >verify.log || fail "$*: the store contradicts itself: $(cat verify.log)"
	T identity export $purpose --out used.pem --overwrite
	T identity show $purpose --json >used.json
	local key
	key=$tmp/store/keys/$(json 'd["key"]' used.json)
	[ -s "$key" ] || fail "$*: the certificate in use has no key"
	same "$*: certificate and key" "$(openssl x509 -in used.pem -noout -pubkey)" "$(openssl pkey -in "$key" -pubout)"
	sha256_of used.pem
}

# pending: the request that is pending, if any, has its key
pending()
{
	local found request
	T identity export $purpose --csr >pending.pem 2>/dev/null || return 0
	request=$(openssl req -in pending.pem -noout -pubkey)
	for found in store/keys/*.pem; do
		[ "$(openssl pkey -in "$found" -pubout)" != "$request" ] || return 0
	done
	fail "$*: the pending request has no key"
}

succession= # set: it is looked at as well
# strike HOW WHAT ARGUMENT...: at each step of `truststore identity ARGUMENT...`
strike()
{
	local how=$1 what=$2 n code new done_after=0 undone=0
	shift 2
	for ((n = 1; ; n++)); do
		[ $n -lt 200 ] || fail "$what never ends"
		rm -rf store
		cp -a start store
		code=0
		"$nth" "$how" $n truststore --store "$tmp/store" identity "$@" >out 2>err </dev/null || code=$?
		[ "$code" != 90 ] || break
		case $how:$code in
		kill:137 | full:2) ;;
		full:0) ;; # nothing more was needed
		*) fail "$what, $how at step $n: exit code $code: $(cat err)" ;;
		esac
		[ "$how:$code" != full:2 ] || err_one_line
		new=$(in_use "$what, $how at step $n")
		pending "$what, $how at step $n"
		[ -z "$succession" ] || named "$new"
		if [ "$new" = "$old" ]; then undone=$((undone + 1)); else done_after=$((done_after + 1)); fi
		if [ "$code" = 0 ] && [ "$1" != csr ]; then
			[ "$new" != "$old" ] || fail "$what says it is done, but is not"
		fi
		if [ $((n % 5)) = 0 ]; then # it can be done again
			case $1 in
			install) T identity export $purpose --csr >/dev/null 2>&1 || continue ;;
			esac
			T identity "$@" >out 2>err || fail "$what cannot be repeated after $how at step $n: $(cat err)"
			in_use "$what again" >/dev/null
		fi
	done
	[ $n -gt 8 ] || fail "$what has only $n steps on the disk"
	[ "$1" = csr ] || [ "$done_after" -gt 0 ] || [ "$how" = full ] || fail "$what never came so far"
	[ "$undone" -gt 0 ] || fail "$what was never undone"
	ok "$what, $how at each of $((n - 1)) steps: $undone times as before, $done_after times done"
}

strike kill regenerate regenerate $purpose
strike kill request csr $purpose --cn web.example.test --yes --out "$tmp/out.csr" --overwrite
strike kill installation install $purpose chain.pem
code=0
"$nth" full 1 true || code=$?
if [ "$code" != 77 ]; then
	strike full regenerate regenerate $purpose
	strike full request csr $purpose --cn web.example.test --yes --out "$tmp/out.csr" --overwrite
	strike full installation install $purpose chain.pem
fi

# a disk that is really full: nothing can be made, nothing is lost; with room again everything goes on
full_disk()
{
	local command refused=0
	cp -a start/. store
	dd if=/dev/zero of=store/fill bs=4k 2>/dev/null || true
	for command in "new $purpose --cn web.example.test --yes" "regenerate $purpose" "csr $purpose --cn web.example.test --yes" \
		"install $purpose chain.pem"; do
		# shellcheck disable=SC2086
		if T identity $command >out 2>err; then continue; fi
		refused=$((refused + 1))
		err_one_line
		same "$command on a full disk" "$old" "$(in_use "$command")"
		pending "$command"
	done
	[ $refused -ge 3 ] || fail "a full disk stopped only $refused commands"
	rm store/fill
	expect 0 T identity install $purpose chain.pem
	same "with room again" "$(sha256_of web.pem)" "$(in_use install)"
}
rm -rf store
mkdir store
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=4m none store 2>/dev/null; then
	on_exit "umount '$tmp/store' 2>/dev/null"
	full_disk
	umount store
	ok "a full disk: refused, with the old certificate and key in use; with room again it goes on"
fi

# a key of the request that is unreadable or gone ends installation before anything is changed
used=$(truststore --store start identity show $purpose --json >used.json; json 'd["key"]' used.json)
for how in 'echo garbage >FILE' 'rm FILE' 'rm FILE && mkdir FILE' ': >FILE' 'rm FILE && ln -s nowhere FILE'; do
	rm -rf store
	cp -a start store
	for file in store/keys/*.pem; do
		[ "$(basename "$file")" = "$used" ] || eval "${how//FILE/$file}"
	done
	expect 2 T identity install $purpose chain.pem
	err_one_line
	same "still in use after $how" "$old" "$(in_use "$how")"
done
ok "an unreadable key ends it before anything is changed"

# an unreadable key of the certificate in use does not stop its renewal
for how in 'echo garbage >FILE' 'rm FILE' ': >FILE'; do
	rm -rf store
	cp -a start store
	eval "${how//FILE/store/keys/$used}"
	expect 0 T identity regenerate $purpose
	[ "$(in_use "$how")" != "$old" ] || fail "not renewed after $how"
done
ok "a certificate whose key is lost can be renewed"

# A certificate that signs exports names its successor in the same step.
rm -rf start
purpose=CallManager
truststore --store "$tmp/start" init >/dev/null
truststore --store "$tmp/start" identity new $purpose --cn ucm.example.test --quiet >/dev/null
truststore --store "$tmp/start" identity show $purpose --json >used.json
old=$(json 'd["sha256"]' used.json)
# named NEW: an export says that NEW follows the old one, and nothing where the old one is still in use
named()
{
	local want=$old$1
	[ "$1" != "$old" ] || want=
	rm -rf place
	mkdir place
	T bulk export --type tftp --cluster x --directory "$tmp/place" --quiet
	same "who follows the old one" "$want" "$(json '"".join(s["old"] + s["new"] for s in d["successors"])' place/*.json)"
}
succession=yes
strike kill 'renewal of a signer' regenerate $purpose --yes
