#!/bin/bash
# Which TLS versions and suites the service takes, on its default listener and on one for old phones; judged by openssl.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl

k5="AES256-GCM-SHA384 AES256-SHA256 AES256-SHA CAMELLIA256-SHA AES128-GCM-SHA256 AES128-SHA256 AES128-SHA CAMELLIA128-SHA"
legacy=$(free_port) middle=$(free_port) exact=$(free_port) request=$(free_port) require=$(free_port)
ca_new capf --subj "/CN=CAPF"
ca_new stranger --subj "/CN=stranger"
ca_new forger --subj "/CN=CAPF"
cert_new phone --ca capf --subj "/CN=SEP001122AABBCC"
cert_new unknown --ca stranger --subj $'/CN=SEP0 x=1\nanswer'
# without the key identifier of its real issuer, which would give it away
cert_new forged --ca forger --subj "/CN=SEPFORGED" --ext subjectKeyIdentifier=hash --ext authorityKeyIdentifier=none
cert_new server --ca capf --subj "/CN=SEPSERVER" --ext "extendedKeyUsage=serverAuth"
cert_new old --ca capf --subj "/CN=SEPOLD" --from 20200101000000Z --until 20210101000000Z
cert_new app --subj "/CN=app.example.test"
make_store
truststore --store "$store" add tomcat-trust app.pem >>truststore.log
truststore --store "$store" add CAPF-trust capf.pem >>truststore.log
make_conf conf \
	"[tvsd legacy]" "listen = 127.0.0.1:$legacy" "min-tls = 1.0" "ciphers = ${k5// /:}" \
	"[tvsd middle]" "listen = 127.0.0.1:$middle" "min-tls = 1.1" "ciphers = ${k5// /:}" \
	"[tvsd exact]" "listen = 127.0.0.1:$exact" "min-tls = 1.0" "ciphers = AES256-SHA256:AES128-SHA" \
	"[tvsd request]" "listen = 127.0.0.1:$request" "min-tls = 1.0" "client-certificate = request" \
	"[tvsd require]" "listen = 127.0.0.1:$require" "min-tls = 1.0" "client-certificate = require"
start_tvsd conf

# connect PORT OPTION...: "VERSION CIPHER" of openssl s_client's handshake, or "none ALERT"
connect()
{
	local at=$1
	shift
	timeout 10 openssl s_client -connect "127.0.0.1:$at" "$@" </dev/null >client.out 2>&1 || true
	if grep -q '^New, .*Cipher is (NONE)' client.out || ! grep -q '^New, ' client.out; then
		sed -nE 's/.*:(ss|t)l(sv1|v3) alert ([a-z ]*):.*/none \3/p' client.out | head -n 1 | grep . || echo none
		return
	fi
	sed -nE 's/^New, ([^,]*), Cipher is (.*)/\1 \2/p; s/^ *Protocol *: (.*)/protocol \1/p' client.out |
		awk '/^protocol/ { version = $2; next } { if (!version) version = $1; cipher = $2 } END { print version, cipher }'
}

# takes PORT VERSION CIPHER OPTION...
takes()
{
	local at=$1 version=$2 cipher=$3
	shift 3
	same "s_client $* on port $at" "$version $cipher" "$(connect "$at" "$@")"
}

# refuses PORT ALERT OPTION...
refuses()
{
	local at=$1 alert=$2
	shift 2
	same "s_client $* on port $at" "none $alert" "$(connect "$at" "$@")"
}

# asks PORT TLS CIPHERS: a whole verification
asks()
{
	expect 0 python3 "$top_srcdir/tests/integration/phone.py" verify 127.0.0.1 "$1" app.pem --tls "$2" --ciphers "$3"
	out_has "trusted APP-SERVER 86400"
}

# --- old phones

for cipher in $k5; do
	takes "$legacy" TLSv1.2 "$cipher" -tls1_2 -cipher "$cipher:@SECLEVEL=0"
	asks "$legacy" 1.2 "$cipher:@SECLEVEL=0"
done
for cipher in AES256-SHA CAMELLIA256-SHA AES128-SHA CAMELLIA128-SHA; do
	takes "$legacy" TLSv1 "$cipher" -tls1 -cipher "$cipher:@SECLEVEL=0"
	takes "$legacy" TLSv1.1 "$cipher" -tls1_1 -cipher "$cipher:@SECLEVEL=0"
	asks "$legacy" 1.0 "$cipher:@SECLEVEL=0"
	asks "$legacy" 1.1 "$cipher:@SECLEVEL=0"
done
for cipher in AES256-GCM-SHA384 AES256-SHA256 AES128-GCM-SHA256 AES128-SHA256; do
	same "$cipher with TLS 1.1" none "$(connect "$legacy" -tls1_1 -cipher "$cipher:@SECLEVEL=0" | cut -c1-4)"
done
ok "each of the eight suites in each version that has it"

refuses "$middle" "protocol version" -tls1 -cipher 'ALL:@SECLEVEL=0'
takes "$middle" TLSv1.1 AES256-SHA -tls1_1 -cipher 'ALL:@SECLEVEL=0'
takes "$middle" TLSv1.2 AES256-GCM-SHA384 -tls1_2
ok "a lowest version between"

takes "$legacy" TLSv1.2 AES256-GCM-SHA384 -tls1_2 -cipher 'CAMELLIA:AES128:AES256:@SECLEVEL=0'
takes "$legacy" TLSv1 AES256-SHA -tls1 -cipher 'CAMELLIA:AES128:AES256:@SECLEVEL=0'
ok "the server's order counts"

for suite in TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 TLS_AES_128_GCM_SHA256; do
	takes "$legacy" TLSv1.3 "$suite" -tls1_3 -ciphersuites "$suite"
	takes "$port" TLSv1.3 "$suite" -tls1_3 -ciphersuites "$suite"
done
asks "$legacy" 1.3 DEFAULT
asks "$port" 1.3 DEFAULT
ok "TLS 1.3"

refuses "$legacy" "handshake failure" -tls1_2 -cipher 'ALL:COMPLEMENTOFALL:!kRSA:@SECLEVEL=0'
refuses "$legacy" "handshake failure" -tls1_2 -cipher 'eNULL:@SECLEVEL=0'
refuses "$legacy" "handshake failure" -tls1_2 -cipher 'CAMELLIA256-SHA256:CAMELLIA128-SHA256:AES256-CCM:ARIA256-GCM-SHA384:@SECLEVEL=0'
ok "nothing beside the list"

# --- the default listener

for version in tls1 tls1_1; do
	refuses "$port" "protocol version" -$version -cipher 'ALL:@SECLEVEL=0'
done
takes "$port" TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384 -tls1_2
takes "$port" TLSv1.2 AES256-SHA256 -tls1_2 -cipher AES256-SHA256:AES128-SHA
for cipher in $k5; do takes "$port" TLSv1.2 "$cipher" -tls1_2 -cipher "$cipher:@SECLEVEL=0"; done
refuses "$port" "handshake failure" -tls1_2 -cipher ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES256-SHA:DHE-RSA-AES256-GCM-SHA384
ok "the default listener wants TLS 1.2 and its own list"

# --- exact lists

takes "$exact" TLSv1.2 AES256-SHA256 -tls1_2 -cipher AES128-SHA:AES256-SHA256
takes "$exact" TLSv1.2 AES128-SHA -tls1_2 -cipher AES128-SHA
takes "$exact" TLSv1 AES128-SHA -tls1 -cipher 'AES128-SHA:@SECLEVEL=0'
refuses "$exact" "handshake failure" -tls1_2 -cipher AES256-SHA
refuses "$exact" "handshake failure" -tls1_2 -cipher AES128-SHA256
refuses "$exact" "handshake failure" -tls1_2 -cipher 'ALL:COMPLEMENTOFALL:!AES256-SHA256:!AES128-SHA:@SECLEVEL=0'
refuses "$exact" "handshake failure" -tls1 -cipher 'AES256-SHA:@SECLEVEL=0'
ok "no products of the list"

# --- a hello in the format of SSLv2

sslv2()
{
	python3 - "$1" "$2" <<-'PYTHON'
	import socket, struct, sys
	suites = bytes.fromhex(sys.argv[2])
	body = struct.pack(">BHHHH", 1, 0x0303, len(suites), 0, 32) + suites + bytes(32)
	with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as s:
	    s.sendall(struct.pack(">H", 0x8000 | len(body)) + body)
	    answer = s.recv(4096)
	print("alert" if answer[:1] == b"\x15" else "closed" if not answer else "accepted")
	PYTHON
}
for at in "$exact" "$legacy" "$port"; do
	same "an SSLv2 hello" alert "$(sslv2 "$at" 000035)"
	same "an SSLv2 hello with a listed suite" alert "$(sslv2 "$at" 00003d00002f000035)"
done
log_has "reason=sslv2"
ok "a hello in the format of SSLv2 is refused"

# --- no tickets, no second handshake

connect "$port" -tls1_2 >/dev/null
! grep -q 'TLS session ticket:' client.out || fail "a session ticket with TLS 1.2"
timeout 10 openssl s_client -connect "127.0.0.1:$port" -tls1_3 -msg </dev/null >client.out 2>&1 || true
! grep -q NewSessionTicket client.out || fail "a session ticket with TLS 1.3"
connect "$port" -tls1_2 -sess_out session >/dev/null
connect "$port" -tls1_2 -sess_in session >/dev/null
! grep -q '^Reused' client.out || fail "a session was resumed"
(echo R; cat app.pem) | timeout 10 openssl s_client -connect "127.0.0.1:$port" -tls1_2 >client.out 2>&1 || true
grep -q 'RENEGOTIATING' client.out || broken "openssl does not renegotiate"
grep -Eq 'alert handshake failure|no renegotiation|unexpected eof' client.out || fail "a second handshake"
ok "no session tickets, no resumption, no renegotiation"

# --- clients' certificates

pair()
{
	echo "-cert $1.pem -key $1.key"
}
# phone PORT TLS NAME: asks with a client certificate; NAME "" without one
phone()
{
	expect "$1" python3 "$top_srcdir/tests/integration/phone.py" verify 127.0.0.1 "$2" app.pem \
		--tls "$3" --ciphers 'DEFAULT:@SECLEVEL=0' ${4:+--cert "$4.pem" --key "$4.key"}
}
for version in 1.0 1.2 1.3; do
	phone 0 "$request" $version phone
	phone 0 "$request" $version ""
	phone 0 "$require" $version phone
	phone 2 "$require" $version ""
	for bad in unknown forged server old; do
		phone 2 "$require" $version $bad
		phone 0 "$request" $version $bad
	done
done
phone 0 "$port" 1.2 phone
log_has "cn=SEPOLD reason=expired"
log_has "cn=SEPFORGED reason=bad-signature"
log_has "cn=SEPSERVER reason=purpose"
log_has 'cn=SEP0\x20x\x3d1\x0aanswer reason=unknown-issuer'
log_has 'the certificate of client SEP0\x20x\x3d1\x0aanswer is not verified: unknown-issuer'
log_has "the client shows no certificate"
log_has "reason=client-certificate"
connect "$request" -tls1_2 >/dev/null
grep -q 'CN = CAPF' client.out || fail "the request names no CA"
connect "$port" -tls1_2 >/dev/null
grep -q 'No client certificate CA names sent' client.out || fail "the default listener asks for a certificate"
ok "certificates of clients: none, request, require"

stop "$tvsd_pid"
same "exit code of tvsd" 0 "$stopped"
