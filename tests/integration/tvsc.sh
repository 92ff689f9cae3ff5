#!/bin/bash
# tvsc against a service that an independent program plays, rightly and wrongly.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl

ca_new ca --subj "/CN=Example CA"
cert_new tvs --subj "/CN=tvs.example.test"
cert_new named --ca ca --subj "/CN=tvs" --ext "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
cert_new misnamed --ca ca --subj "/CN=tvs" --ext "subjectAltName=DNS:tvs.example.test"
cert_new app --subj "/C=NZ/O=Example, Inc./CN=app" --serial 00F1
cert_new other --subj "/CN=other"
cert_new phone --ca ca --subj "/CN=SEP001122AABBCC"
app=$(sha256_of app.pem)

# fake NAME MODE [OPTION...]: starts one; ${NAME} is its host:port, NAME.log its log
fake()
{
	local name=$1 mode=$2
	shift 2
	rm -f "$name.port"
	log=$name.log start python3 "$top_srcdir/tests/integration/fake_tvs.py" --cert tvs.pem --key tvs.key \
		--port-file "$name.port" --trust app.pem:7,1:3600 --mode "$mode" "$@"
	wait_for 10 test -s "$name.port" || broken "fake_tvs.py does not start"
	eval "$name=127.0.0.1:\$(cat $name.port) ${name}_pid=$pid"
}

fake good right

# --- verify

expect 0 tvsc --server "$good" --ca tvs.pem verify app.pem
out_has "trusted"
out_has "APP-SERVER,CCM"
out_has "3600 seconds (1h)"
out_has "$app"
log_has "device=CP-0000-SEP000000000000 type=1 session=1001 $app" good.log
expect 0 tvsc verify app.pem --json --server "$good" --ca tvs.pem
same verdict "$app CN=app [\"APP-SERVER\", \"CCM\"] 3600 true $good app.pem" \
	"$(json '"%s %s %s %s %s %s %s" % (d[0]["sha256"], d[0]["subject"].split(",")[-1], json.dumps(d[0]["roles"]), d[0]["ttl"], json.dumps(d[0]["trusted"]), d[0]["server"], d[0]["file"])')"
same seconds true "$(json '0 < d[0]["seconds"] < 10')"
expect 1 tvsc --server "$good" --ca tvs.pem verify other.pem
out_has "not trusted"
out_has "the service does not trust it"
expect 1 tvsc --server "$good" --ca tvs.pem --json verify app.pem other.pem app.pem
same verdicts "[true, false, true]" "$(json '[v["trusted"] for v in d]')"
same 'roles and TTL of a refusal' "[[], null]" "$(json '[d[1]["roles"], d[1]["ttl"]]')"
log_has "session=1003 $app" good.log
ok "one connection asks about several files"
openssl x509 -in app.pem -outform DER -out app.der
expect 0 tvsc --server "$good" --ca tvs.pem verify app.der
cat app.pem app.pem other.pem >many.pem
expect 1 tvsc --server "$good" --ca tvs.pem verify many.pem
out_has "many.pem, certificate 3"
expect 0 tvsc --server "$good" --ca tvs.pem --quiet verify app.pem
[ ! -s out ] || fail "--quiet prints"
expect 0 tvsc --server "$good" --ca tvs.pem --device ATA1 verify app.pem
log_has "device=ATA1" good.log
expect 2 tvsc --server "$good" --ca tvs.pem verify app.pem missing.pem
err_has missing.pem
err_one_line
expect 2 tvsc --server "$good" --ca tvs.pem verify app.key
expect 2 tvsc --server "$good" --ca tvs.pem verify
cert_new old --from 20200101000000Z --until 20210101000000Z
expect 1 tvsc --server "$good" --ca tvs.pem verify old.pem
out_has "expired on 2021-01-01T00:00:00Z"
ok "verify"

# --- who is the server?

expect 2 tvsc --server "$good" verify app.pem
for way in --ca --pin --insecure; do err_has "$way"; done
expect 2 tvsc --server "$good" --insecure --ca tvs.pem verify app.pem
expect 0 tvsc --server "$good" --insecure verify app.pem
expect 0 tvsc --server "$good" --pin "$(sha256_of tvs.pem)" verify app.pem
expect 0 tvsc --server "$good" --pin "$(openssl x509 -in tvs.pem -noout -fingerprint -sha256 | cut -d= -f2)" verify app.pem
expect 2 tvsc --server "$good" --pin "$(sha256_of app.pem)" verify app.pem
err_has "$(sha256_of tvs.pem)"
expect 2 tvsc --server "$good" --pin 1234 verify app.pem
expect 2 tvsc --server "$good" --ca app.pem verify app.pem
err_has "$good"
expect 2 tvsc --server "$good" --ca ca.pem verify app.pem
cat ca.pem tvs.pem >bundle.pem
expect 0 tvsc --server "$good" --ca bundle.pem verify app.pem
expect 0 tvsc --server "$good" --ca ca.pem --ca tvs.pem verify app.pem
ok "a server in the file needs no name; another one is refused"

fake named right --cert named.pem --key named.key
expect 0 tvsc --server "$named" --ca ca.pem verify app.pem
expect 0 tvsc --server "localhost:${named#*:}" --ca ca.pem verify app.pem
expect 0 tvsc --server "$named" --ca named.pem verify app.pem
fake misnamed right --cert misnamed.pem --key misnamed.key
expect 2 tvsc --server "$misnamed" --ca ca.pem verify app.pem
err_has "name"
expect 2 tvsc --server "localhost:${misnamed#*:}" --ca ca.pem verify app.pem
expect 0 tvsc --server "$misnamed" --ca misnamed.pem verify app.pem
expect 0 tvsc --server "$misnamed" --ca ca.pem --ca misnamed.pem verify app.pem
expect 2 env TVS_CLOCK=+800d tvsc --server "$named" --ca ca.pem verify app.pem
err_has expired
expect 0 env TVS_CLOCK=+800d tvsc --server "$named" --ca named.pem verify app.pem
err_has "own certificate expired"
ok "a server that chains to the file needs the name"

if python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null; then
	fake six right --cert named.pem --key named.key --host ::1
	expect 0 tvsc --server "[::1]:$(cat six.port)" --ca ca.pem --json verify app.pem
	same server "[::1]:$(cat six.port)" "$(json 'd[0]["server"]')"
	expect 2 tvsc --server "::1" --ca ca.pem verify app.pem
	err_has "[::1]"
	stop "$six_pid"
	ok "IPv6 in brackets"
fi
for wrong in '[::1' '' 'a b:' ':1' host:0 host:65536 host:x '[host]:1'; do
	expect 2 tvsc --server "$wrong" --insecure verify app.pem
	err_one_line
done
ok "servers that are none"

# --- client certificate, versions

fake mutual right --client-ca ca.pem --tls 1.2
expect 2 tvsc --server "$mutual" --ca tvs.pem verify app.pem
expect 0 tvsc --server "$mutual" --ca tvs.pem --cert phone.pem --key phone.key verify app.pem
expect 2 tvsc --server "$mutual" --ca tvs.pem --cert phone.pem verify app.pem
err_has "--key"
expect 2 tvsc --server "$mutual" --ca tvs.pem --cert phone.pem --key app.key verify app.pem
err_has app.key
expect 1 tvsc check "$mutual" --server "$good" --ca tvs.pem --json
same "certificate of a server that wants one of us" "$(sha256_of tvs.pem)" "$(json 'd["sha256"]')"
ok "client certificates"
for version in 1.0 1.1 1.2 1.3; do
	fake versioned right --tls "$version"
	expect 0 tvsc --server "$versioned" --ca tvs.pem --tls "$version" --verbose verify app.pem
	out_has "  tls      TLS$version $(sed -n 's/^handshake //p' versioned.log | tail -n 1)"
	expect 0 tvsc --server "$good" --ca tvs.pem --tls "$version" --verbose verify app.pem
	out_has "TLS$version"
	case $version in
	1.0 | 1.1) expect 2 tvsc --server "$versioned" --ca tvs.pem verify app.pem ;;
	*) expect 2 tvsc --server "$versioned" --ca tvs.pem --tls 1.1 verify app.pem ;;
	esac
	stop "$versioned_pid"
done
expect 2 tvsc --server "$good" --ca tvs.pem --tls 1.4 verify app.pem
expect 2 tvsc --server "$good" --ca tvs.pem --tls ssl3 verify app.pem
ok "--tls offers exactly that version"

# --- what a server may say, and what it may not

as()
{
	local mode=$1
	shift
	expect "$@" --server "$good" --ca tvs.pem --device "$mode"
}

for mode in reserved unknown huge; do as "$mode" 0 tvsc verify app.pem; done
as strange-role 0 tvsc --json verify app.pem
same roles '["CAPF", "role-99"]' "$(json 'd[0]["roles"]')"
for mode in session type request version magic status-2 status-long no-status empty no-ttl ttl-0 ttl-short no-roles \
	many-roles twice overrun cut cut-header; do
	as "$mode" 2 tvsc verify app.pem
	[ ! -s out ] || fail "an answer in spite of mode $mode"
	err_has "$good"
	err_one_line
done
fake web http
expect 2 tvsc --server "$web" --ca tvs.pem verify app.pem
err_has "not the answer of a TVS"
stop "$web_pid"
ok "garbage is no answer"

fake once once
expect 0 tvsc --server "$once" --ca tvs.pem verify app.pem app.pem app.pem
stop "$once_pid"
ok "a connection that is closed after an answer is opened again"

# --- time

for mode in silent mute dribble; do
	fake slow "$mode"
	before=$SECONDS
	expect 2 tvsc --server "$slow" --ca tvs.pem --timeout 1 verify app.pem
	[ $((SECONDS - before)) -le 3 ] || fail "--timeout 1 took $((SECONDS - before)) s with mode $mode"
	err_has "in time"
	stop "$slow_pid"
done
for wrong in 0 -1 1y 4000 ''; do expect 2 tvsc --server "$good" --ca tvs.pem --timeout "$wrong" verify app.pem; done

# a resolver that never answers, in a network and with a resolv.conf of our own
cat >mute_resolver.sh <<'SH'
ip link set lo up
mount --bind resolv.conf /etc/resolv.conf
mkfifo up
python3 -c 'import signal, socket
mute = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
mute.bind(("127.0.0.1", 53))
open("up", "w").close()
signal.pause()' &
cat up
code=0
tvsc --insecure --timeout 1 --server tvs.example.test verify app.pem || code=$?
kill $!
exit $code
SH
if [ "$(id -u)" = 0 ] && unshare -mn true 2>/dev/null; then
	echo nameserver 127.0.0.1 >resolv.conf
	before=$SECONDS
	expect 2 unshare -mn bash mute_resolver.sh
	err_has "tvs.example.test:2445: the name was not resolved in time"
	[ $((SECONDS - before)) -le 4 ] || fail "--timeout 1 took $((SECONDS - before)) s while a name is resolved"
fi
ok "the time is bounded"

# --- several servers

nobody=127.0.0.1:$(free_port)
expect 0 tvsc --server "$nobody" --server "$good" --ca tvs.pem --json verify app.pem app.pem
same servers "[\"$good\", \"$good\"]" "$(json '[v["server"] for v in d]')"
err_has "$nobody"
expect 0 tvsc --quiet --server "$nobody" --server "$good" --ca tvs.pem verify app.pem
[ ! -s err ] || fail "a warning in spite of --quiet"
expect 2 tvsc --server "$nobody" --server "$misnamed" --ca tvs.pem verify app.pem
err_has "$misnamed"
expect 1 tvsc --server "$good" --server "$nobody" --ca tvs.pem verify other.pem
[ ! -s err ] || fail "the second server was asked in vain"
fake twin right
fake less right --trust app.pem:7:3600
expect 0 tvsc --all --server "$good" --server "$twin" --ca tvs.pem verify app.pem
expect 1 tvsc --all --server "$good" --server "$twin" --ca tvs.pem verify other.pem
[ ! -s err ] || fail "they agree"
expect 1 tvsc --all --server "$good" --server "$less" --ca tvs.pem --json check "$good"
same verdicts '[false, false]' "$(json '[v["trusted"] for v in d]')"
expect 1 tvsc --all --server "$good" --server "$less" --ca tvs.pem --json verify app.pem
same verdicts '[true, true]' "$(json '[v["trusted"] for v in d]')"
err_has "$less does not agree with $good"
expect 2 tvsc --all --server "$good" --server "$nobody" --ca tvs.pem --json verify app.pem
same verdicts '[true]' "$(json '[v["trusted"] for v in d]')"
err_has "$nobody"
ok "fail-over and --all"

# --- query

issuer=$(openssl x509 -in app.pem -noout -issuer -nameopt RFC2253 | sed 's/^issuer=//')
serial=$(serial_of app.pem)
expect 0 tvsc --server "$good" --ca tvs.pem query --issuer "$issuer" --serial "$serial" --subject "$issuer" --out found.pem
same certificate "$app" "$(sha256_of found.pem)"
out_has "$app"
log_has "type=3" good.log
expect 0 tvsc --server "$good" --ca tvs.pem query --issuer "CN=app;O=Example\\, Inc.;C=NZ" --serial "00$serial" --json
same certificate "$app" "$(json 'd["sha256"]')"
expect 2 tvsc --server "$good" --ca tvs.pem query --issuer "$issuer" --serial "$serial" --out found.pem
err_has "found.pem"
expect 0 tvsc --server "$good" --ca tvs.pem query --issuer "$issuer" --serial "$serial" --out found.pem --overwrite
expect 0 tvsc --server "$good" --ca tvs.pem query --issuer "$issuer" --serial "$serial" --out -
openssl x509 -in out -noout || fail "no PEM on standard output"
expect 0 tvsc --server "$good" --server "$twin" --all --ca tvs.pem query --issuer "$issuer" --serial "$serial" --out -
same "lines that are not PEM" 0 "$(sed '/-----BEGIN/,/-----END/d' out | wc -l)"
same "certificates on standard output" 1 "$(grep -c BEGIN out)"
expect 2 tvsc --server "$good" --ca tvs.pem query --issuer "$issuer" --serial "$serial" --out - --json
expect 2 tvsc --server "$good" --ca tvs.pem query --issuer "CN=somebody" --serial "$serial" --out no.pem
err_has "another certificate"
expect 2 tvsc --server "$good" --ca tvs.pem query --issuer "$issuer" --serial "77" --out no.pem
[ ! -e no.pem ] || fail "a certificate that was not asked for is written"
for mode in no-certificate bad-certificate; do
	as "$mode" 2 tvsc query --issuer "$issuer" --serial "$serial"
	err_one_line
done
fake ignorant ignorant
expect 1 tvsc --server "$ignorant" --ca tvs.pem query --issuer "$issuer" --serial "$serial" --out no.pem
out_has "the service has no such certificate, or does not trust it"
[ ! -e no.pem ] || fail "a certificate that was not found is written"
expect 1 tvsc --server "$ignorant" --ca tvs.pem --json query --issuer "$issuer" --serial "$serial"
same "a query that found nothing" '[null, false, [], null]' "$(json '[d["sha256"], d["trusted"], d["roles"], d["ttl"]]')"
expect 2 tvsc --server "$good" --ca tvs.pem query --issuer "$issuer"
err_has "--serial"
expect 2 tvsc --server "$good" --ca tvs.pem query --issuer "nonsense" --serial 01
expect 2 tvsc --server "$good" --ca tvs.pem query --issuer "$issuer" --serial 0
expect 2 tvsc --server "$good" --ca tvs.pem query --issuer "$issuer" --serial xy
ok "query"

# --- check

# web OPTION...: starts one; $https is its host:port
web()
{
	rm -f https.log
	log=https.log start openssl s_server -accept 127.0.0.1:0 -www "$@"
	wait_for 10 grep -q '^ACCEPT' https.log || broken "openssl s_server does not start"
	https=$(sed -n 's/^ACCEPT //p' https.log)
}

web -cert app.pem -key app.key
expect 0 tvsc --server "$good" --ca tvs.pem check "$https"
for text in trusted "$app" APP-SERVER 3600 "$https"; do out_has "$text"; done
expect 0 tvsc --server "$good" --ca tvs.pem --json check "$https"
same check "$app true $https" "$(json '"%s %s %s" % (d["sha256"], json.dumps(d["trusted"]), d["host"])')"
stop "$pid"
expect 2 tvsc --server "$good" --ca tvs.pem check "$https"
err_has "$https"
web -cert other.pem -key other.key -tls1_2 -Verify 1 -servername localhost -cert2 app.pem -key2 app.key
expect 1 tvsc --server "$good" --ca tvs.pem check "$https"
out_has "the service does not trust it"
expect 0 tvsc --server "$good" --ca tvs.pem check "localhost:${https#*:}"
stop "$pid"
for version in tls1 tls1_1 tls1_2 tls1_3; do
	web -cert app.pem -key app.key -$version -cipher ALL:@SECLEVEL=0
	expect 0 tvsc --server "$good" --ca tvs.pem check "$https"
	stop "$pid"
done
web -cert "$data/keysize/exponent-66.pem" -key "$data/keysize/exponent-66.pem"
expect 2 tvsc --server "$good" --ca tvs.pem check "$https" # nothing is verified with such a key
err_has 'an exponent of at most 64 bits'
expect 2 tvsc --server "$https" --insecure verify app.pem
err_has 'an exponent of at most 64 bits'
stop "$pid"
expect 2 tvsc --server "$good" --ca tvs.pem check
expect 2 tvsc --server "$good" --ca tvs.pem check "$nobody" --timeout 2
ok "check"
