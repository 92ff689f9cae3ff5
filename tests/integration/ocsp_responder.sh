#!/bin/bash
# Responders: "openssl ocsp" and one that misbehaves; each outcome and each error word.
TEST_LIMIT=180
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$top_srcdir/tests/integration/ocsp_lib.sh"
need openssl python3 ocsptool
need_python cryptography

ocsp_ca ca
ocsp_ca other
cert_new leaf --ca ca --serial 1001
cert_new unlisted --ca ca --serial 1002
cert_new delegate --ca ca --ext extendedKeyUsage=OCSPSigning --ext noCheck=ignored
cert_new plain --ca ca
cert_new expired --ca ca --ext extendedKeyUsage=OCSPSigning --ext noCheck=ignored \
	--from 20200101000000Z --until 20210101000000Z
index_add ca leaf
: >empty.conf
printf '[ocsp]\ntimeout = 2s\n' >quick.conf
printf '[ocsp]\nmethod = get\n' >get.conf
printf '[ocsp]\nproxy = http://127.0.0.1:%s\n' "$(free_port)" >proxy.conf

# asked CODE STATUS WORD [OPTION...]: ocspcheck cert leaf.pem
asked()
{
	local code=$1 status=$2 error=$3
	shift 3
	expect "$code" ocspcheck --config "${conf:-empty.conf}" --json cert "${cert:-leaf}.pem" --issuer ca.pem "$@"
	same "status ($*)" "$status" "$(json 'd["status"]')"
	same "error word ($*)" "$error" "$(word)"
	[ "$code" != 2 ] || err_one_line
}

# --- openssl ocsp

responder ca ca
asked 0 good '' --url "$url" --out good.ors
same "signer" issuer "$(json 'd["signer"]')"
same "nonce" returned "$(json 'd["nonce"]')"
same "source" "$url" "$(json 'd["source"]')"
openssl ocsp -respin good.ors -issuer ca.pem -cert leaf.pem -CAfile ca.pem -no_nonce >out 2>&1
out_has 'leaf.pem: good'
out_has 'Response verify OK'
expect 0 ocsptool -j --infile good.ors
out_has 'Certificate Status: good'
openssl x509 -in ca.pem -outform DER -out ca.der
expect 0 ocsptool -e --load-signer ca.pem --infile good.ors
out_has 'Verifying OCSP Response: Success'
expect 2 ocspcheck cert leaf.pem --issuer ca.pem --url "$url" --out good.ors
err_has good.ors
expect 0 ocspcheck cert leaf.pem --issuer ca.pem --url "$url" --out good.ors --overwrite
expect 0 ocspcheck cert leaf.pem --issuer ca.pem --in good.ors
asked 0 good '' --url "$url" --no-nonce
same "nonce" not-sent "$(json 'd["nonce"]')"
asked 0 good '' --url "$url" --nonce
cat leaf.pem ca.pem >chain.pem
expect 0 ocspcheck cert chain.pem --url "$url"
ocspcheck cert - --url "$url" --issuer ca.pem <leaf.pem >out || fail "standard input is not read"
cert=unlisted asked 1 unknown '' --url "$url"
asked 0 good '' --url "${url/127.0.0.1/[::1]}"
index_add ca leaf R keyCompromise
stop "$pid"
responder ca delegate
asked 1 revoked '' --url "$url"
same "reason" keyCompromise "$(json 'd["revocation_reason"]')"
same "signer" delegate "$(json 'd["signer"]')"
[[ $(json 'd["revoked_at"]') == 20??-*Z ]] || fail "no time of revocation"
stop "$pid"
asked 2 unreachable connect --url "$url"
index_add ca leaf
for signer in plain:signer-not-authorized expired:signer-expired other:signer-untrusted; do
	responder ca "${signer%:*}"
	asked 2 unreachable "${signer#*:}" --url "$url"
	stop "$pid"
done
responder ca delegate -resp_no_certs
asked 2 unreachable signer-not-found --url "$url"
stop "$pid"
responder ca ca -badsig
asked 2 unreachable bad-signature --url "$url"
stop "$pid"
ok "openssl ocsp: good, revoked, unknown, delegates, wrong signers"

responder ca ca -nmin 30
TVS_CLOCK=+33m asked 0 good '' --url "$url" # within the skew
TVS_CLOCK=+40m asked 2 unreachable stale --url "$url"
TVS_CLOCK=-3m asked 0 good '' --url "$url"
TVS_CLOCK=-10m asked 2 unreachable future --url "$url"
stop "$pid"
responder ca ca -ndays 30
TVS_CLOCK=+6d asked 0 good '' --url "$url"
TVS_CLOCK=+8d asked 2 unreachable too-old --url "$url"
stop "$pid"
responder ca ca # without nextUpdate it counts for `interval`
TVS_CLOCK=+23h asked 0 good '' --url "$url"
TVS_CLOCK=+25h asked 2 unreachable stale --url "$url"
stop "$pid"
ok "openssl ocsp: stale, future and old responses"

# --- one that does what it is told

said ca leaf ca nonce-less.ors
said ca unlisted ca about-another.ors
openssl ocsp -issuer ca.pem -cert leaf.pem -reqout req.der -nonce >>openssl.log 2>&1
openssl ocsp -index ca.txt -CA ca.pem -rsigner ca.pem -rkey ca.key -reqin req.der -respout nonce-other.ors \
	>>openssl.log 2>&1
head -c 100 nonce-less.ors >cut.ors
for status in malformed-request:1 internal-error:2 try-later:3 sig-required:5 unauthorized:6; do
	printf '\x30\x03\x0a\x01\x0'"${status#*:}" >"${status%:*}.ors"
done
printf '\x30\x03\x0a\x01\x07' >response-status.ors
cp "$top_srcdir/tests/data/ocsp/critical.ors" .
serve "$top_srcdir/tests/integration/ocsp_server.py"
base=http://127.0.0.1:$port
asked 0 good '' --url "$base/file/nonce-less.ors"
same "nonce" absent "$(json 'd["nonce"]')"
asked 2 unreachable nonce-missing --url "$base/file/nonce-less.ors" --nonce
asked 2 unreachable nonce-mismatch --url "$base/file/nonce-other.ors"
asked 0 good '' --url "$base/file/nonce-other.ors" --no-nonce
asked 2 unreachable no-match --url "$base/file/about-another.ors"
asked 2 unreachable malformed --url "$base/file/cut.ors"
for one in malformed-request internal-error try-later sig-required unauthorized response-status; do
	asked 2 unreachable $one --url "$base/file/$one.ors"
done
expect 2 env TVS_CLOCK=@1800000000 ocspcheck --config empty.conf --json cert "$top_srcdir/tests/data/ocsp/leaf.pem" \
	--issuer "$top_srcdir/tests/data/ocsp/ca.pem" --url "$base/file/critical.ors" --no-nonce
same "error word (critical)" critical-extension "$(word)"
asked 2 unreachable malformed --url "$base/html"
asked 2 unreachable http-status --url "$base/404"
same "HTTP status" 404 "$(json 'd["attempts"][0]["http_status"]')"
asked 2 unreachable http-status --url "$base/500"
asked 2 unreachable too-large --url "$base/big"
asked 2 unreachable too-large --url "$base/endless"
asked 2 unreachable too-large --url "$base/header"
asked 2 unreachable too-large --url "$base/headers"
asked 2 unreachable truncated --url "$base/truncated"
asked 2 unreachable network --url "$base/close"
asked 2 unreachable network --url "$base/http09"
asked 2 unreachable redirect --url "$base/loop"
asked 0 good '' --url "$base/redirect/3/ocsp/ca"
asked 2 unreachable redirect --url "$base/redirect/4/ocsp/ca"
echo leaked >secret.ors
asked 2 unreachable redirect --url "$base/to/file:%2F%2F$tmp/secret.ors"
asked 2 unreachable redirect --url "$base/to/ftp:%2F%2F127.0.0.1/x"
asked 2 unreachable resolve --url "http://nobody.invalid/"
asked 2 unreachable bad-url --url "http://[::1/"
asked 2 unreachable tls --url "https://127.0.0.1:$port/"
conf=proxy.conf asked 2 unreachable connect --url "$base/ocsp/ca"
conf=quick.conf asked 2 unreachable timeout --url "$base/hang"
conf=quick.conf asked 2 unreachable timeout --url "$base/drip"
ok "every kind of bad server has its word"

asked 0 good '' --url "$base/sha256/ca"
same "attempts" '["unauthorized", null]' "$(json '[a["error"] for a in d["attempts"]]')"
same "CertIDs" '["SHA-1", "SHA-256"]' "$(json '[a["certid"] for a in d["attempts"]]')"
asked 0 good '' --url "$base/silent256/ca"
cert=unlisted asked 1 unknown '' --url "$base/silent256/ca"
ok "CertID with SHA-256 where SHA-1 is not known"

conf=get.conf asked 0 good '' --url "$base/ocsp/ca"
grep -q " GET /ocsp/ca/M[A-Za-z0-9%]* 0\$" "$server_log" || fail "no GET: $(tail -n 3 "$server_log")"
conf=get.conf asked 0 good '' --url "$base/ocsp/ca" --no-nonce
proxy_port=$port
printf '[ocsp]\nproxy = 127.0.0.1:%s\n' "$proxy_port" >proxy.conf
conf=proxy.conf asked 2 unreachable http-status --url "http://responder.invalid/404"
grep -q 'POST http://responder.invalid/404' "$server_log" || fail "the proxy was not asked"
http_proxy=http://127.0.0.1:1/ asked 0 good '' --url "$base/ocsp/ca"
ok "GET, and a proxy from the configuration only"

# --- what is wrong with the question

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=self -keyout self.key -out self.pem 2>>openssl.log
expect 0 ocspcheck --json cert self.pem
same "status" not-applicable "$(json 'd["status"]')"
cert=leaf expect 2 ocspcheck --config empty.conf --json cert leaf.pem --url "$base/ocsp/ca"
same "error" no-issuer "$(word)"
expect 2 ocspcheck --json cert leaf.pem --issuer ca.pem
same "error" no-source "$(word)"
same "status" no-source "$(json 'd["status"]')"
expect 2 ocspcheck cert leaf.pem --issuer other.pem
err_has other.pem
expect 2 ocspcheck cert leaf.pem --issuer ca.pem --url ldap://x/
err_has "no URL of http or https"
expect 2 ocspcheck cert leaf.pem --nonce --no-nonce
expect 2 ocspcheck cert nothing.pem
err_has nothing.pem
expect 2 ocspcheck --config nothing.conf cert leaf.pem
ok "questions that cannot be asked"
