#!/bin/bash
# The store: what is due, what follows from each finding, failures and pauses, "run", "status".
TEST_LIMIT=300
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$top_srcdir/tests/integration/ocsp_lib.sh"
need openssl python3 nginx
need_python cryptography

serve "$top_srcdir/tests/integration/ocsp_server.py"
base=http://127.0.0.1:$port
server_pid=$pid
ocsp_ca ca
store=$tmp/store
expect 0 truststore --store "$store" init
conf_with()
{
	printf '[store]\npath = %s\n[ocsp]\nenable = yes\ntimeout = 2s\n' "$store" >run.conf
	[ $# = 0 ] || printf '%s\n' "$@" >>run.conf
}
conf_with

# leaf NAME OCSP-PATH [OPTION...]: made, listed by the CA, added
leaf()
{
	local name=$1 path=$2
	shift 2
	cert_new "$name" --ca ca ${path:+--ext "authorityInfoAccess=OCSP;URI:$base/$path"} "$@"
	index_add ca "$name"
	expect 0 truststore --store "$store" add tomcat-trust "$name.pem"
}

# run OPTION...: a run with JSON in out
run()
{
	expect 0 ocspcheck --config run.conf --json run "$@"
}

later_than()
{
	[[ $(date -u +%Y-%m-%dT%H:%M:%SZ) > $1 ]]
}

# is NAME FIELD WANTED: of `status`
is()
{
	ocspcheck --config run.conf --json status "$(sha256_of "$1.pem")" >status.json
	same "$2 of $1" "$3" "$(json "d[0]['$2']" status.json)"
}

expect 0 truststore --store "$store" add tomcat-trust ca.pem
leaf good ocsp/ca
leaf revoked ocsp/ca
leaf unknown ocsp/ca
leaf nosource ''
leaf broken html
leaf sha256 sha256/ca
ocsp_ca stranger
cert_new orphan --ca stranger --ext "authorityInfoAccess=OCSP;URI:$base/ocsp/ca"
expect 0 truststore --store "$store" add tomcat-trust orphan.pem
index_add ca revoked R
sed -i "/$(serial_of unknown.pem)/d" ca.txt

printf '[store]\npath = %s\n' "$store" >off.conf
expect 0 ocspcheck --config off.conf run
err_has 'enable = no'
is good status unchecked
run
same "sums" '[7, 2, 1, 1, 2, 1]' \
	"$(json '[d[k] for k in ("checked", "good", "revoked", "unknown", "unreachable", "no_source")]')"
same "certificates" 7 "$(json 'len(d["certificates"])')"
is good status good
is good reason trusted
is good error null
is good source "$base/ocsp/ca"
is revoked status revoked
is revoked trusted false
is revoked reason revoked
is revoked revocation_reason superseded
is unknown status unknown
is unknown reason trusted
is nosource status no-source
is nosource until null
is broken status unreachable
is broken error malformed
is broken failures 1
is orphan error no-issuer
is ca status not-applicable
expect 1 truststore --store "$store" explain "$(sha256_of revoked.pem)"
out_has 'not trusted: revoked'
out_has 'Its issuer revoked it at 20'
expect 0 env TVS_CLOCK=+3h ocspcheck --config run.conf status
out_has 'not trusted: revoked'
grep -q '^[0-9a-f]* *revoked (superseded)  3h ' out || fail "revoked, 3 hours ago: $(cat out)"
conf_with 'on-unknown = deny' 'on-unreachable = deny' 'on-no-source = deny'
for one in unknown nosource broken; do is $one reason revocation-unknown; done
is good reason trusted
printf '[security]\ncommon-criteria = yes\n' >>off.conf
ocspcheck --config off.conf --json status >all.json
same "denied in Common Criteria mode" 5 "$(json 'sum(not c["trusted"] for c in d)' all.json)"
conf_with
ok "every finding stands in the store, and phones are told what follows"

requests=$(wc -l <"$server_log")
run
same "nothing is due" 0 "$(json 'd["checked"]')"
same "nobody was asked" "$requests" "$(wc -l <"$server_log")"
TVS_CLOCK=+61 run
same "the failed ones are due after a minute" 2 "$(json 'd["checked"]')"
is broken failures 2
expect 0 env TVS_CLOCK=+5m ocspcheck --config run.conf run
out_has '2 checked'
out_lacks 'CN=broken'
expect 0 env TVS_CLOCK=+20m ocspcheck --config run.conf --verbose run
out_has "unreachable (malformed at $base/html): CN=broken"
expect 0 env TVS_CLOCK=+20m ocspcheck --config run.conf --quiet run --cert "$(sha256_of broken.pem)"
same "said quietly" '' "$(cat out)"
expect 0 env TVS_CLOCK=+20m ocspcheck --config run.conf run --cert "$(sha256_of broken.pem)"
out_has 'CN=broken'
TVS_CLOCK=+25h run
same "all are due after a day" 7 "$(json 'd["checked"]')"
grep "POST /sha256/ca" "$server_log" | awk '{print $4}' >sizes
same "the CertID is remembered" "$(sed -n 2p sizes)" "$(sed -n 3p sizes)"
same "requests of the SHA-256 certificate" 3 "$(wc -l <sizes)"
expect 0 ocspcheck --config run.conf --json run --cert "$(sha256_of good.pem | head -c 12)" "$(sha256_of ca.pem)"
same "named ones" '[["good"], ["not-applicable"]]' \
	"$(json 'sorted([[c["status"]] for c in d["certificates"]])')"
expect 2 ocspcheck --config run.conf run --cert 0123456789abcdef
err_has 0123456789abcdef
expect 2 ocspcheck --config run.conf run --all --cert "$(sha256_of good.pem)"
ok "what is due, and by name"

# Revoked never lapses; only what is newer and good ends it
index_add ca revoked
stop "$server_pid"
TVS_CLOCK=+400h run --cert "$(sha256_of revoked.pem)"
is revoked status revoked
is revoked error connect
TVS_CLOCK=+400h is revoked reason revoked
known=$(json 'd[0]["this_update"]' status.json)
sed "s/127.0.0.1\", 0/127.0.0.1\", $port/" "$top_srcdir/tests/integration/ocsp_server.py" >server2.py
log=again.log start python3 -u server2.py
server_pid=$pid
wait_for 10 grep -q "^$port" again.log
wait_for 5 later_than "$known"
run --all
is revoked status good
is revoked reason trusted
index_add ca revoked R
run --all
is revoked status revoked
ok "revoked is ended by a newer good only"

# The last good answer counts until nextUpdate (two days here), then as configured
stop "$server_pid"
TVS_CLOCK=+30h run --all
is good failures 1
is good error connect
is good status good
conf_with 'on-unreachable = deny'
TVS_CLOCK=+47h is good reason trusted
TVS_CLOCK=+49h is good reason revocation-unknown
TVS_CLOCK=+49h run --all
TVS_CLOCK=+49h is good status unreachable
conf_with
TVS_CLOCK=+49h is good reason trusted
TVS_CLOCK=+49h ocspcheck --config run.conf --json status "$(sha256_of good.pem)" >status.json
[ "$(json 'd[0]["ttl"]' status.json)" -le 300 ] || fail "the TTL is $(json 'd[0]["ttl"]' status.json)"
expect 0 truststore --store "$store" verify
ok "the last good answer counts until it lapses, then the setting does"

# Lists are kept in the store
web www
lists=http://127.0.0.1:$port
for n in 1 2 3 4 5; do
	cert_new "crl$n" --ca ca --ext "crlDistributionPoints=URI:$lists/ca.crl"
	index_add ca "crl$n"
	expect 0 truststore --store "$store" add tomcat-trust "crl$n.pem"
done
index_add ca crl3 R cessationOfOperation
crl ca www/ca.crl
run
same "certificates with a list" '[4, 1]' "$(json '[sum(c["source"] == "'"$lists"'/ca.crl" and c["status"] == s for c in d["certificates"]) for s in ("good", "revoked")]')"
same "one list was fetched" 1 "$(wc -l <www.access)"
index_add ca crl4 R
crl ca www/ca.crl
TVS_CLOCK=+1h run
same "nothing is due" 1 "$(wc -l <www.access)"
for when in +1h:1 +2h:2; do
	cert_new more --ca ca --ext "crlDistributionPoints=URI:$lists/ca.crl"
	expect 0 truststore --store "$store" add tomcat-trust more.pem
	TVS_CLOCK=${when%:*} run
	is more status good
	same "fetched for one that is new at ${when%:*}" "${when#*:}" "$(wc -l <www.access)"
	expect 0 truststore --store "$store" remove tomcat-trust "$(sha256_of more.pem)"
done
is crl4 status good
TVS_CLOCK=+23h run
same "the next check fetches it anew, once" 3 "$(wc -l <www.access)"
is crl4 status revoked
rm www/ca.crl
TVS_CLOCK=+46h run
same "one that cannot be fetched anew counts on" 5 "$(json 'sum(c["status"] in ("good", "revoked") and "ca.crl" in (c["source"] or "") for c in d["certificates"])')"
is crl1 error http-status
is crl1 failures 1
TVS_CLOCK=+192h run
is crl1 status unreachable
is crl3 status revoked
expect 0 truststore --store "$store" verify
ok "lists are fetched once, kept, and lapse"

# "truststore add" has new certificates checked at once
url=$base
log=more.log start python3 -u server2.py
wait_for 10 grep -q '^[0-9]' more.log
for one in fine bad; do
	cert_new $one --ca ca --ext "authorityInfoAccess=OCSP;URI:$url/ocsp/ca"
	index_add ca $one
done
index_add ca bad R
cert_new mute --ca ca --ext "authorityInfoAccess=OCSP;URI:$url/html"
cat fine.pem bad.pem mute.pem >three.pem
expect 0 truststore --config run.conf --json add --dry-run tomcat-trust three.pem
same "a dry run checks nothing" false "$(json '"revocation" in d')"
expect 0 truststore --config run.conf --json add tomcat-trust three.pem
same "what add tells" '[["good", null, null], ["revoked", "superseded", null], ["unreachable", null, "malformed"]]' \
	"$(json 'sorted([c["status"], c["revocation_reason"], c["error"]] for c in d["revocation"])')"
is fine status good
is bad trusted false
expect 0 truststore --config run.conf --json add tomcat-trust three.pem
same "what is there already is not checked" false "$(json '"revocation" in d')"
for one in bad2 fine2 unchecked; do
	cert_new $one --ca ca --ext "authorityInfoAccess=OCSP;URI:$url/ocsp/ca"
	index_add ca $one
done
index_add ca bad2 R
cat bad2.pem fine2.pem >two.pem
expect 0 truststore --config run.conf add tomcat-trust two.pem
err_has 'CN=bad2 is revoked (superseded)'
out_has '1 checked and not revoked'
expect 0 truststore --config run.conf add --no-check tomcat-trust unchecked.pem
is unchecked status unchecked
expect 0 env PATH=/nowhere "$(command -v truststore)" --config run.conf --json add CAPF-trust unchecked.pem
err_has 'was not found out: ocspcheck cannot be started'
is unchecked status unchecked
expect 2 ocspcheck --config run.conf run --since x
expect 2 ocspcheck --config run.conf run --since 1 --all
expect 0 ocspcheck --config run.conf --json run --since 99999999
same "nothing since" 0 "$(json 'd["checked"]')"
ok "truststore add checks what is new"

# So do the other commands that take certificates in
cert_new taken --ca ca --key rsa:2048 --ext "authorityInfoAccess=OCSP;URI:$url/ocsp/ca"
index_add ca taken R
port=$(free_port)
log=s_server.log start openssl s_server -accept "127.0.0.1:$port" -cert taken.pem -key taken.key -www
wait_for 10 tls_answers 127.0.0.1 "$port" || broken "openssl s_server does not answer"
expect 0 truststore --config run.conf fetch "127.0.0.1:$port" --to tomcat-trust --fingerprint "$(sha256_of taken.pem)"
err_has 'CN=taken is revoked (superseded)'
is taken trusted false
expect 0 truststore --config run.conf --json fetch "127.0.0.1:$port" --to CAPF-trust --fingerprint "$(sha256_of taken.pem)"
same "what fetch tells" '["revoked"]' "$(json '[c["status"] for c in d["revocation"]]')"
expect 0 truststore --config run.conf remove CAPF-trust "$(sha256_of taken.pem)"
expect 0 truststore --config run.conf remove tomcat-trust "$(sha256_of taken.pem)"
expect 0 truststore --config run.conf fetch "127.0.0.1:$port" --to tomcat-trust --again --no-check --fingerprint "$(sha256_of taken.pem)"
not grep -q revoked err || fail "it was checked: $(cat err)"
is taken status unchecked
ok "truststore fetch checks what is new"
