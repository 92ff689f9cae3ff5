#!/bin/bash
# Revocation lists behind the responders, served by nginx: each outcome and each error word.
TEST_LIMIT=300
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$top_srcdir/tests/integration/ocsp_lib.sh"
need openssl nginx python3
need_python cryptography

web www
base=http://127.0.0.1:$port
ocsp_ca ca
ocsp_ca other
cert_new nolists --subj /O=Example/CN=nolists --ext basicConstraints=critical,CA:TRUE \
	--ext keyUsage=critical,keyCertSign --ext subjectKeyIdentifier=hash
: >nolists.txt

# leaf NAME URL [OPTION...]: a certificate whose list is at URL
leaf()
{
	local name=$1 url=$2
	shift 2
	cert_new "$name" --ca ca --ext "crlDistributionPoints=URI:$url" "$@"
}

# asked NAME CODE STATUS WORD
asked()
{
	expect "$2" ocspcheck --json cert "$1.pem" --issuer "${issuer:-ca}.pem"
	same "status ($1)" "$3" "$(json 'd["status"]')"
	same "error word ($1)" "$4" "$(word)"
}

leaf good "$base/full.crl"
leaf revoked "$base/full.crl" --serial F1000000000000000003
leaf held "$base/full.crl"
leaf removed "$base/full.crl"
index_add ca revoked R CACompromise
index_add ca held R holdInstruction,holdInstructionReject
index_add ca good
crl ca www/full.crl
asked good 0 good ''
same "source" "$base/full.crl" "$(json 'd["source"]')"
same "method" crl "$(json 'd["attempts"][0]["method"]')"
asked revoked 1 revoked ''
same "reason" cACompromise "$(json 'd["revocation_reason"]')"
expect 0 openssl crl -inform DER -in www/full.crl -noout -text
out_has F1000000000000000003
asked held 1 revoked ''
same "reason" certificateHold "$(json 'd["revocation_reason"]')"
ok "a full list"

crl ca www/expired.crl -crl_lastupdate 20260101000000Z -crl_nextupdate 20260201000000Z
crl ca www/future.crl -crl_lastupdate 20460101000000Z -crl_nextupdate 20460201000000Z
crl other www/other.crl
crlext='2.5.29.27 = critical,ASN1:INTEGER:1' crl ca www/delta.crl
crlext='issuingDistributionPoint = critical,@idp
[idp]
indirectCRL = TRUE' crl ca www/indirect.crl
crlext='issuingDistributionPoint = critical,@idp
[idp]
onlysomereasons = keyCompromise' crl ca www/reasons.crl
crlext='issuingDistributionPoint = critical,@idp
[idp]
onlyCA = TRUE' crl ca www/onlyca.crl
crlext="issuingDistributionPoint = critical,@idp
[idp]
fullname = URI:$base/shard.crl
onlyuser = TRUE" crl ca www/shard.crl
cp www/shard.crl www/wrongshard.crl
crlext='1.2.3.4 = critical,ASN1:NULL' crl ca www/critical.crl
crl ca www/sha1.crl -md sha1
head -c 200 www/full.crl >www/cut.crl
printf '<html><body>It works</body></html>' >www/html.crl
openssl crl -inform DER -in www/full.crl -out www/pem.crl
openssl crl -inform DER -in www/full.crl -badsig -outform DER -out www/badsig.crl 2>>openssl.log
for row in expired:crl-stale future:crl-future other:crl-issuer delta:crl-delta indirect:crl-indirect \
	reasons:crl-scope onlyca:crl-scope wrongshard:crl-scope critical:crl-critical-extension \
	sha1:crl-weak-signature cut:crl-malformed html:crl-malformed pem:crl-malformed badsig:crl-bad-signature \
	nowhere:http-status; do
	leaf "${row%:*}" "$base/${row%:*}.crl"
	asked "${row%:*}" 2 unreachable "${row#*:}"
done
leaf shard "$base/shard.crl"
asked shard 0 good ''
cert_new nolistsleaf --ca nolists --ext "crlDistributionPoints=URI:$base/nolists.crl"
crl nolists www/nolists.crl
issuer=nolists asked nolistsleaf 2 unreachable crl-signer
ok "each list that does not count has its word"

# Servers that misbehave; a slow one gets six times the timeout, as long as enough comes every second
serve "$top_srcdir/tests/integration/ocsp_server.py"
bad=http://127.0.0.1:$port
printf '[ocsp]\ntimeout = 1s\n' >quick.conf
for row in hang:timeout drip:timeout truncated:truncated endless:too-large header:too-large headers:too-large loop:redirect close:network 500:http-status \
	html:crl-malformed to/ftp:%2F%2F127.0.0.1/x:redirect; do
	leaf served "$bad/${row%:*}"
	expect 2 ocspcheck --config quick.conf --json cert served.pem --issuer ca.pem
	same "error word (${row%:*})" "${row##*:}" "$(word)"
done
leaf served "$bad/redirect/3/file/full.crl"
cp www/full.crl .
asked served 0 good ''
leaf served "$bad/redirect/4/file/full.crl"
asked served 2 unreachable redirect
ok "servers of lists that misbehave"

# Behind a responder: dead, or without a usable answer; several points in turn
dead=http://127.0.0.1:$(free_port)/
cert_new fallback --ca ca --ext "authorityInfoAccess=OCSP;URI:$dead" --ext "crlDistributionPoints=URI:$base/full.crl"
asked fallback 0 good ''
same "attempts" '["connect", null]' "$(json '[a["error"] for a in d["attempts"]]')"
cert_new html --ca ca --ext "authorityInfoAccess=OCSP;URI:$base/html.crl" \
	--ext "crlDistributionPoints=URI:$base/nowhere.crl,URI:ldap://127.0.0.1/x,URI:$base/full.crl"
index_add ca html R
crl ca www/full.crl
asked html 1 revoked ''
same "attempts" '["http-status", "http-status", null]' "$(json '[a["error"] for a in d["attempts"]]')"
expect 2 ocspcheck --json cert html.pem --issuer ca.pem --url "$dead"
same "with --url nothing else is asked" 1 "$(json 'len(d["attempts"])')"
cert_new both --ca ca --ext "authorityInfoAccess=OCSP;URI:$dead" --ext "crlDistributionPoints=URI:$base/expired.crl"
asked both 2 unreachable connect
same "attempts" '["connect", "crl-stale"]' "$(json '[a["error"] for a in d["attempts"]]')"
ok "behind responders that do not answer"

# A delegate that is to be checked itself: by a list, by the issuer, not at all
index_add ca good
for one in list:"crlDistributionPoints=URI:$base/full.crl" none:subjectKeyIdentifier=hash; do
	cert_new "d${one%%:*}" --ca ca --ext extendedKeyUsage=OCSPSigning --ext "${one#*:}"
done
index_add ca dlist
crl ca www/full.crl
responder ca dlist
expect 0 ocspcheck --json cert good.pem --issuer ca.pem --url "$url" --out dlist.ors
same "signer" delegate "$(json 'd["signer"]')"
expect 2 ocspcheck --json cert good.pem --issuer ca.pem --in dlist.ors
same "offline" signer-unchecked "$(word)"
index_add ca dlist R
crl ca www/full.crl
expect 2 ocspcheck --json cert good.pem --issuer ca.pem --url "$url"
same "revoked signer" signer-revoked "$(word)"
stop "$pid"
responder ca dnone
expect 2 ocspcheck --json cert good.pem --issuer ca.pem --url "$url"
same "signer without a source" signer-unchecked "$(word)"
stop "$pid"
responder ca ca
by_ca=$url
cert_new docsp --ca ca --ext extendedKeyUsage=OCSPSigning --ext "authorityInfoAccess=OCSP;URI:$by_ca"
index_add ca docsp
stop "$pid"
log=again.log start openssl ocsp -port "$(sed 's/.*:\([0-9]*\).*/\1/' <<<"$by_ca")" -index ca.txt -CA ca.pem -rsigner ca.pem -rkey ca.key
wait_for 10 grep -q ^ACCEPT again.log
responder ca docsp
expect 0 ocspcheck --json cert good.pem --issuer ca.pem --url "$url"
cert_new dself --ca ca --ext extendedKeyUsage=OCSPSigning --ext "authorityInfoAccess=OCSP;URI:$url"
stop "$pid"
log=self.log start openssl ocsp -port "$(sed 's/.*:\([0-9]*\).*/\1/' <<<"$url")" -index ca.txt -CA ca.pem -rsigner dself.pem -rkey dself.key
wait_for 10 grep -q ^ACCEPT self.log
expect 2 ocspcheck --json cert good.pem --issuer ca.pem --url "$url"
same "a signer that vouches for itself" signer-unchecked "$(word)"
ok "delegates are checked themselves"

# 250,000 entries, 10 MB
leaf big "$base/big.crl" --serial 6000000000000000000000000000000003D08F
leaf notbig "$base/big.crl"
python3 - <<'PYTHON'
with open("ca.txt", "w") as f:
    for n in range(250000):
        f.write("R\t491231235959Z\t260101000000Z,superseded\t%038X\tunknown\t/CN=x\n" % (0x60 << 144 | n))
PYTHON
crl ca www/big.crl
[ "$(stat -c %s www/big.crl)" -gt 10000000 ] || fail "the large list has only $(stat -c %s www/big.crl) bytes"
asked big 1 revoked ''
same "reason" superseded "$(json 'd["revocation_reason"]')"
asked notbig 0 good ''
truncate -s 33M www/big.crl
asked big 2 unreachable too-large
python3 - 1000001 <<'PYTHON' || broken "no list of a million entries"
import datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def tlv(tag, value):
    head = bytes([len(value)]) if len(value) < 128 else b"\x84" + len(value).to_bytes(4, "big")
    return bytes([tag]) + head + value


with open("ca.pem", "rb") as cert, open("ca.key", "rb") as key:
    ca, key = x509.load_pem_x509_certificate(cert.read()), serialization.load_pem_private_key(key.read(), None)
now = datetime.datetime.utcnow()
time = lambda t: tlv(0x17, t.strftime("%y%m%d%H%M%SZ").encode())
when, ecdsa_sha256 = time(now), bytes.fromhex("300a06082a8648ce3d040302")
entries = b"".join(tlv(0x30, tlv(2, n.to_bytes(4, "big")) + when) for n in range(int(sys.argv[1])))
signed = tlv(0x30, b"\x02\x01\x01" + ecdsa_sha256 + ca.subject.public_bytes() + when +
             time(now + datetime.timedelta(days=7)) + tlv(0x30, entries))
signature = key.sign(signed, ec.ECDSA(hashes.SHA256()))
with open("www/million.crl", "wb") as out:
    out.write(tlv(0x30, signed + ecdsa_sha256 + tlv(3, b"\0" + signature)))
PYTHON
leaf million "$base/million.crl"
asked million 2 unreachable crl-too-large
ok "a list with 250,000 entries; one of more than 32 MiB or a million entries is refused"
