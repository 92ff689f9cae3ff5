#!/bin/bash
# "ocspcheck watch", and a responder that hangs while thousands of certificates are due.
TEST_LIMIT=300
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$top_srcdir/tests/integration/ocsp_lib.sh"
need openssl python3
need_python cryptography

serve "$top_srcdir/tests/integration/ocsp_server.py"
base=http://127.0.0.1:$port
ocsp_ca ca
store=$tmp/store
expect 0 truststore --store "$store" init
expect 0 truststore --store "$store" add tomcat-trust ca.pem
printf '[store]\npath = %s\n[ocsp]\nenable = no\n' "$store" >watch.conf
expect 0 ocspcheck --config watch.conf watch
err_has 'enable = no'
sed -i 's/enable = no/enable = yes\ntimeout = 2s/' watch.conf

is_status()
{
	ocspcheck --config watch.conf --json status "$(sha256_of "$1.pem")" >status.json
	[ "$(json 'd[0]["status"]' status.json)" = "$2" ]
}

log=watch.log start ocspcheck --config watch.conf watch
watch=$pid
log_has watching watch.log
requests()
{
	[ "$(grep -c 'POST /ocsp/ca' "$server_log")" -ge "$1" ]
}
asked=0
quickest=60000
for one in first second; do
	cert_new $one --ca ca --ext "authorityInfoAccess=OCSP;URI:$base/ocsp/ca"
	index_add ca $one
	expect 0 truststore --store "$store" add --no-check tomcat-trust $one.pem
	before=${EPOCHREALTIME/./}
	asked=$((asked + 1))
	wait_for 5 requests $asked || fail "$one was not asked about"
	took=$(((${EPOCHREALTIME/./} - before) / 1000))
	[ "$took" -ge "$quickest" ] || quickest=$took
	wait_for 5 is_status $one good || fail "$one was not taken up"
done
[ "$quickest" -lt 1000 ] || fail "the responder was asked only after $quickest ms"
cert_new short --ca ca --ext "authorityInfoAccess=OCSP;URI:$base/short/ca"
index_add ca short
expect 0 truststore --store "$store" add --no-check tomcat-trust short.pem
index_add ca first R
cert_new third --ca ca --ext "authorityInfoAccess=OCSP;URI:$base/ocsp/ca"
index_add ca third R
expect 0 truststore --store "$store" add --no-check tomcat-trust third.pem
wait_for 5 is_status third revoked || fail "third was not taken up"
log_has "status=revoked" watch.log
is_status first good || fail "first was asked about before it was due"
ok "what is added is checked at once"

# What counts for 20 seconds is asked for again before
short_again()
{
	[ "$(grep -c 'POST /short/ca' "$server_log")" -ge 2 ]
}
wait_for 60 short_again || fail "a certificate that is due is not asked about again"
is_status short good || fail "short has lapsed"
same "requests for the others" 3 "$(grep -c 'POST /ocsp/ca' "$server_log")"
ok "what is due is checked again, and nothing else"

# A broken configuration changes nothing, a good one is taken up
cp watch.conf good.conf
echo 'what = 1' >>watch.conf
kill -HUP "$watch"
log_has "reload failed" watch.log
sed "s|^timeout.*|&\nurl = $base/html|" good.conf >watch.conf
kill -HUP "$watch"
log_has reloaded watch.log
cert_new fourth --ca ca --ext "authorityInfoAccess=OCSP;URI:$base/ocsp/ca"
expect 0 truststore --store "$store" add --no-check tomcat-trust fourth.pem
wait_for 5 is_status fourth unreachable || fail "the new configuration does not hold"
log_has "status=unreachable error=malformed" watch.log
stop "$watch"
same "exit code of watch" 0 "$stopped"
log_has stopped watch.log
ok "reload and end"

# 10,000 certificates are due; the responder of most hangs
cp good.conf watch.conf
python3 "$top_srcdir/tests/integration/ocsp_many.py" ca 10000 "$base/hang" 100 "$base/ocsp/ca" >many.pem
expect 0 truststore --store "$store" --quiet add --no-check tomcat-trust many.pem
expect 0 ocspcheck --config watch.conf --json run
same "checked" true "$(json '10000 <= d["checked"] <= 10003')"
same "those that could be" 100 "$(json 'sum(c["source"].endswith("/ocsp/ca") and c["status"] == "good" and c["subject"].startswith("CN=host") for c in d["certificates"])')"
same "the others" '["timeout"]' "$(json 'sorted({c["error"] for c in d["certificates"] if c["source"].endswith("/hang")})')"
asked=$(grep -c 'POST /hang' "$server_log")
[ "$asked" -le 8 ] || fail "the responder that hangs was asked $asked times"
# the server writes its line after its answer
asked_all()
{
	awk '$3 == "/ocsp/ca" {print $1}' "$server_log" >connections
	[ "$(wc -l <connections)" -ge 100 ]
}
wait_for 10 asked_all || fail "only $(wc -l <connections) requests"
[ "$(sort -u connections | wc -l)" -le 36 ] || fail "$(sort -u connections | wc -l) connections for $(wc -l <connections) requests"
ok "a responder that hangs holds up its own certificates only, and is left alone"
