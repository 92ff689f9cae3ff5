#!/bin/bash
# The whole way: a CA revokes, ocspcheck asks, a phone is told.
TEST_LIMIT=240
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$top_srcdir/tests/integration/ocsp_lib.sh"
need openssl python3
need_python cryptography ssl

make_store
make_conf tvs.conf '[ocsp]' 'enable = yes' 'timeout = 2s' 'interval = 20h'
phone=$top_srcdir/tests/integration/phone.py
ocsp_ca ca
responder_port=$(free_port)

# answering OPTION...: `openssl ocsp` on one and the same port
answering()
{
	[ -z "${responder_pid:-}" ] || stop "$responder_pid"
	: >responder.log
	log=responder.log start openssl ocsp -port "$responder_port" -index ca.txt -CA ca.pem -rsigner ca.pem -rkey ca.key "$@"
	responder_pid=$pid
	wait_for 10 grep -q '^ACCEPT' responder.log || broken "openssl ocsp does not start"
}

# told CODE ANSWER: what a phone hears of leaf.pem
told()
{
	expect "$1" python3 "$phone" verify 127.0.0.1 "$port" leaf.pem
	same answer "$2" "$(cat out)"
}

# remembered LEAST MOST: for how many seconds a phone may believe that leaf.pem is trusted; in $ttl
remembered()
{
	expect 0 python3 "$phone" verify 127.0.0.1 "$port" leaf.pem
	ttl=$(sed -n 's/^trusted APP-SERVER \([0-9]*\)$/\1/p' out)
	[ "${ttl:-0}" -ge "$1" ] && [ "${ttl:-0}" -le "$2" ] || fail "TTL is not from $1 to $2: $(cat out)"
}

# clock_at TIME: a daemon whose clock stands elsewhere
clock_at()
{
	stop "$tvsd_pid"
	TVS_CLOCK=$1 start_tvsd tvs.conf
}

cert_new leaf --ca ca --ext "authorityInfoAccess=OCSP;URI:http://127.0.0.1:$responder_port/"
index_add ca leaf
answering -nmin 30
start_tvsd tvs.conf
told 1 "not trusted"
truststore --config tvs.conf --quiet add --no-check tomcat-trust ca.pem leaf.pem
told 0 "trusted APP-SERVER 300"
ok "not checked yet: it must be asked now, so the answer is remembered for a short while"
expect 0 ocspcheck --config tvs.conf run --all
remembered 1 900
ok "good: trusted, and not for longer than until the next check, halfway through the responder's word"

index_add ca leaf R keyCompromise
answering -nmin 30
expect 0 ocspcheck --config tvs.conf run --all
told 1 "not trusted"
log_has "sha256=$(sha256_of leaf.pem) verdict=not-trusted reason=revoked "
ok "revoked: the next request is answered so"

later_than()
{
	[[ $(date -u +%Y-%m-%dT%H:%M:%SZ) > $1 ]]
}

# good_again: the CA takes the revocation back, in a response that is newer than the last one
good_again()
{
	ocspcheck --config tvs.conf --json status "$(sha256_of leaf.pem)" >status.json
	wait_for 5 later_than "$(json 'd[0]["this_update"]' status.json)"
	index_add ca leaf
	answering -ndays 2
	expect 0 ocspcheck --config tvs.conf run --all
}

good_again
remembered 58000 67500
expect 0 truststore --config tvs.conf explain "$(sha256_of leaf.pem)"
log_has "its revocation status must be asked anew then" out
clock_at +21h
told 0 "trusted APP-SERVER 300"
expect 0 env TVS_CLOCK=+21h truststore --config tvs.conf explain "$(sha256_of leaf.pem)"
log_has "its revocation status must be asked now" out
clock_at +0s
ok "a newer good ends it; the answer lives no longer than the interval, and shortly where the check is late"

# A phone that was told "trusted" a moment before asks again when its TTL ends, and the check is due then.
remembered 58000 67500
index_add ca leaf R keyCompromise
answering -ndays 2
expect 0 env TVS_CLOCK=+"$ttl"s ocspcheck --config tvs.conf --json run
same "what the check finds" '[1, 1]' "$(json '[d["checked"], d["revoked"]]')"
clock_at +"$ttl"s
told 1 "not trusted"
log_has "reason=revoked"
good_again
clock_at +0s
remembered 58000 67500
ok "a revocation reaches a phone within the interval, whatever it remembered"

stop "$responder_pid"
responder_pid=
expect 0 ocspcheck --config tvs.conf run --all
remembered 1 60
clock_at +47h
told 0 "trusted APP-SERVER 300"
clock_at +172600s
remembered 1 200
clock_at +49h
told 0 "trusted APP-SERVER 300"
echo 'on-unreachable = deny' >>tvs.conf
clock_at +47h
told 0 "trusted APP-SERVER 300"
clock_at +49h
told 1 "not trusted"
log_has "reason=revocation-unknown"
stop "$tvsd_pid"
ok "the responder is gone: the last good answer counts until nextUpdate, then as configured"

# 10,000 certificates are due and the responder of most hangs: phones do not notice, and the others are finished.
sed -i '/on-unreachable/d' tvs.conf
serve "$top_srcdir/tests/integration/ocsp_server.py"
server=http://127.0.0.1:$port
port=$(sed -n 's/^listen = .*:\([0-9]*\).*/\1/p' tvs.conf)
python3 "$top_srcdir/tests/integration/ocsp_many.py" ca 10000 "$server/hang" 100 "$server/ocsp/ca" >many.pem
truststore --config tvs.conf --quiet add --no-check tomcat-trust many.pem
start_tvsd tvs.conf
python3 - "$port" <<'PYTHON' || fail "see above"
import statistics, subprocess, sys, time
import phone

der = phone.der_of("leaf.pem")
PAUSE = 0.002  # seconds between two questions of a phone


def times(until):
    taken = []
    with phone.connect("127.0.0.1", int(sys.argv[1])) as sock:
        while len(taken) < 300 and until():
            start = time.monotonic()
            assert phone.ask(sock, phone.verify_request(der, len(taken))).trusted
            taken.append(time.monotonic() - start)
            time.sleep(PAUSE)
    return taken


before = times(lambda: True)
run = subprocess.Popen(["ocspcheck", "--config", "tvs.conf", "--json", "run", "--all"], stdout=open("run.json", "w"))
during = []
while run.poll() is None:
    during += times(lambda: run.poll() is None)
assert run.returncode == 0 and len(during) > 100, (run.returncode, len(during))
median = lambda values: statistics.median(values) * 1000
print(f"median {median(before):.2f} ms before, {median(during):.2f} ms during, longest {max(during) * 1000:.0f} ms")
assert median(during) < 5 * median(before) + 5, "answers take longer"
PYTHON
same "all were looked at" 10001 "$(json 'd["checked"]' run.json)"
same "those whose responder answers" '[100, ["/ocsp/ca"]]' "$(json '[d["good"], sorted({c["source"][-8:] for c in d["certificates"] if c["status"] == "good"})]' run.json)"
same "those whose responder hangs" '["timeout"]' "$(json 'sorted({c["error"] for c in d["certificates"] if (c["source"] or "").endswith("/hang")})' run.json)"
ok "while a responder hangs and 10,000 certificates are due, phones are answered as before"
