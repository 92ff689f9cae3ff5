#!/bin/bash
# Listeners of their own, Common Criteria and FIPS: which versions and suites, and what is answered for expired certificates.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl

make_store
cert_new ccm
cert_new old --from 20200101000000Z --until 20201231235959Z
truststore --store "$store" --quiet add CallManager-trust ccm.pem
TVS_CLOCK=2020-06-01T00:00:00Z truststore --store "$store" --quiet add CallManager-trust old.pem
make_conf tvs.conf '[tvsd legacy]'
legacy=$(free_port)
printf 'listen = 127.0.0.1:%s\nmin-tls = 1.0\nciphers = AES256-SHA:CAMELLIA128-SHA:AES128-SHA256\n' "$legacy" >>tvs.conf

# asks CODE PORT [OPTION...]
asks()
{
	local code=$1 to=$2
	shift 2
	expect "$code" python3 "$top_srcdir/tests/integration/phone.py" verify 127.0.0.1 "$to" "${file:-ccm.pem}" "$@"
}

# the suite must be the listener's, with the version, in the log
suite()
{
	asks "$1" "$2" --tls "$3" --ciphers "$4:@SECLEVEL=0"
}

# up FILE: starts with it and waits
up()
{
	log=tvsd.log start tvsd --config "$1"
	tvsd_pid=$pid
	log_has "serving workers=2"
}

down()
{
	stop "$tvsd_pid"
	same 'exit code' 0 "$stopped"
	cat tvsd.log >>all.log
	rm tvsd.log
}

up tvs.conf
for version in 1.0 1.1 1.2; do
	suite 0 "$legacy" $version AES256-SHA
	log_has "tls=TLS$version cipher=AES256-SHA "
	suite 0 "$legacy" $version CAMELLIA128-SHA
done
for version in 1.0 1.1; do suite 2 "$port" $version AES256-SHA; done
suite 0 "$legacy" 1.2 AES128-SHA256
for cipher in AES128-SHA AES256-SHA256 CAMELLIA256-SHA AES256-GCM-SHA384 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-RSA-AES256-SHA; do
	suite 2 "$legacy" 1.2 $cipher
done
asks 0 "$legacy" --tls 1.3
suite 0 "$port" 1.2 CAMELLIA256-SHA
file=old.pem asks 1 "$port"
log_has "reason=expired roles=none"
down
ok "two listeners, each with its own versions and exactly its own suites"

{ cat tvs.conf; printf '[security]\nexpired = allow\n'; } >allow.conf
up allow.conf
file=old.pem asks 0 "$port"
same answer "trusted CCM,TFTP 300" "$(cat out)"
down
{ cat allow.conf; echo 'common-criteria = yes'; } >criteria.conf
up criteria.conf
suite 2 "$legacy" 1.0 AES256-SHA
suite 0 "$legacy" 1.1 AES256-SHA
suite 0 "$legacy" 1.2 AES256-SHA
file=old.pem asks 1 "$port"
asks 0 "$port"
down
ok "common-criteria: TLS 1.1 at least, expired is denied"

{ cat tvs.conf; printf '[security]\nfips = yes\n'; } >fips.conf
up fips.conf
suite 2 "$legacy" 1.0 AES256-SHA
suite 2 "$legacy" 1.1 AES256-SHA
suite 0 "$legacy" 1.2 AES256-SHA
suite 2 "$legacy" 1.2 CAMELLIA128-SHA
suite 2 "$port" 1.2 CAMELLIA256-SHA
chacha()
{
	openssl s_client -connect "127.0.0.1:$port" -tls1_3 -ciphersuites "$1" </dev/null >out 2>&1 && grep -q "New, TLSv1.3, Cipher is $1" out
}
! chacha TLS_CHACHA20_POLY1305_SHA256 || fail "fips with CHACHA20"
chacha TLS_AES_128_GCM_SHA256 || fail "fips without AES in TLS 1.3"
down
up tvs.conf
chacha TLS_CHACHA20_POLY1305_SHA256 || fail "without fips there is no CHACHA20"
down
ok "fips: TLS 1.2 at least, AES only"

# clients' certificates: asked for, checked against CAPF-trust, which may change while it runs
ca_new capf --subj /CN=CAPF-1
cert_new phone --ca capf --subj /CN=CP-8861-SEP001122AABBCC
cert_new stranger
make_conf client.conf 'client-certificate = require' '[tvsd ask]'
ask=$(free_port)
printf 'listen = 127.0.0.1:%s\nclient-certificate = request\n' "$ask" >>client.conf
up client.conf
for version in 1.2 1.3; do
	asks 2 "$port" --tls $version
	asks 2 "$port" --tls $version --cert stranger.pem --key stranger.key
	asks 2 "$port" --tls $version --cert phone.pem --key phone.key
	asks 0 "$ask" --tls $version
	asks 0 "$ask" --tls $version --cert stranger.pem --key stranger.key
done
log_has "client certificate not verified address=127.0.0.1:"
log_has "cn=stranger reason=unknown-issuer"
log_has "reason=client-certificate"
truststore --store "$store" --quiet add CAPF-trust capf.pem
log_has "new certificate taken over"
for version in 1.2 1.3; do
	asks 0 "$port" --tls $version --cert phone.pem --key phone.key
	asks 2 "$port" --tls $version --cert stranger.pem --key stranger.key
	asks 0 "$ask" --tls $version --cert phone.pem --key phone.key
done
down
ok "clients' certificates: none, requested, required"
