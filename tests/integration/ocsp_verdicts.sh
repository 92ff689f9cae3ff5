#!/bin/bash
# Saved responses: "ocspcheck cert --in" and "openssl ocsp -respin" come to the same verdict.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$top_srcdir/tests/integration/ocsp_lib.sh"
need openssl python3
need_python cryptography

ocsp_ca ca
ocsp_ca rsa rsa:2048
ocsp_ca other
cert_new leaf --ca ca --serial 1001
cert_new high --ca ca --serial F0000000000000001002
cert_new unlisted --ca ca
cert_new rsaleaf --ca rsa --serial 1001
cert_new delegate --ca ca --ext extendedKeyUsage=OCSPSigning --ext noCheck=ignored
cert_new rsadelegate --ca ca --key rsa:2048 --ext extendedKeyUsage=OCSPSigning --ext noCheck=ignored
cert_new plain --ca ca
cert_new server --ca ca --ext extendedKeyUsage=serverAuth
cert_new expired --ca ca --ext extendedKeyUsage=OCSPSigning --ext noCheck=ignored \
	--from 20200101000000Z --until 20210101000000Z
cert_new early --ca ca --ext extendedKeyUsage=OCSPSigning --ext noCheck=ignored \
	--from 20480101000000Z --until 20490101000000Z
cert_new foreign --ca other --ext extendedKeyUsage=OCSPSigning --ext noCheck=ignored
cert_new trusted --ext extendedKeyUsage=OCSPSigning
for one in leaf high; do index_add ca "$one"; done
index_add rsa rsaleaf

printf '[ocsp]\nresponder-certificate = %s\n' "$tmp/trusted.pem" >trusting.conf
: >plain.conf
count=0
declare -A seen=()

# judged FILE CA CERT WANTED: both must say WANTED: good, revoked, unknown or unusable.
judged()
{
	local file=$1 ca=$2 cert=$3 wanted=$4 theirs ours code=0 va=()
	[ "${conf:-plain.conf}" = plain.conf ] || va=(-VAfile trusted.pem)
	openssl ocsp -respin "$file" -issuer "$ca.pem" ${certid:+"-$certid"} -cert "$cert.pem" -CAfile "$ca.pem" -no_nonce \
		"${va[@]}" >theirs 2>&1 || true
	theirs=$(sed -n "s/^$cert\.pem: //p" theirs | head -n 1)
	if ! grep -q '^Response verify OK' theirs || grep -q 'Status times invalid' theirs; then
		theirs=unusable
	fi
	case $theirs in good | revoked | unknown) ;; *) theirs=unusable ;; esac
	ocspcheck --config "${conf:-plain.conf}" --json cert "$cert.pem" --issuer "$ca.pem" --in "$file" >out 2>err || code=$?
	ours=unusable # a wrong issuer is told before anything is judged, and gives no JSON
	[ ! -s out ] || ours=$(json 'd["status"]')
	[ "$ours" != unreachable ] || ours=unusable
	case $ours in good) want_code=0 ;; revoked | unknown) want_code=1 ;; *) want_code=2 ;; esac
	same "exit code for $file ($cert)" "$want_code" "$code"
	same "openssl's verdict on $file ($cert)" "$wanted" "$theirs"
	same "the verdict on $file ($cert)" "$theirs" "$ours"
	count=$((count + 1))
	seen[$wanted]=$((${seen[$wanted]:-0} + 1))
}

said ca leaf ca r.good
judged r.good ca leaf good
judged r.good ca high unusable
judged r.good other leaf unusable
said ca high ca r.high
judged r.high ca high good
said ca unlisted ca r.unlisted
judged r.unlisted ca unlisted unknown
for digest in sha224 sha256 sha384 sha512; do
	said rsa rsaleaf rsa "r.rsa.$digest" -rmd "$digest"
	judged "r.rsa.$digest" rsa rsaleaf good
done
said rsa rsaleaf rsa r.pss -rsigopt rsa_padding_mode:pss -rsigopt rsa_pss_saltlen:digest
judged r.pss rsa rsaleaf good
certid=sha256 said ca leaf ca r.sha256
certid=sha256 judged r.sha256 ca leaf good
for how in -resp_key_id -resp_no_certs; do
	said ca leaf ca "r$how" "$how"
	judged "r$how" ca leaf good
	said ca leaf delegate "r.delegate$how" "$how"
	if [ "$how" = -resp_key_id ]; then
		judged "r.delegate$how" ca leaf good
	else
		judged "r.delegate$how" ca leaf unusable
	fi
done
for signer in delegate rsadelegate; do
	said ca leaf $signer r.$signer
	judged r.$signer ca leaf good
	said ca unlisted $signer r.unknown.$signer
	judged r.unknown.$signer ca unlisted unknown
done
said ca leaf delegate r.other -rother foreign.pem
judged r.other ca leaf good
for signer in plain server expired early foreign other trusted leaf; do
	said ca leaf $signer r.$signer
	judged r.$signer ca leaf unusable
done
expect 0 truststore --store stored init
expect 0 truststore --store stored add tomcat-trust ca.pem trusted.pem
expect 2 ocspcheck --store stored --json cert leaf.pem --in r.trusted
same "a stored certificate for OCSPSigning is no trusted responder" signer-untrusted "$(word)"
for file in r.trusted r.good r.delegate; do
	conf=trusting.conf judged $file ca leaf good
done
conf=trusting.conf judged r.expired ca leaf unusable
ok "good, unknown and wrong signers are judged as openssl does"

for reason in '' unspecified keyCompromise CACompromise affiliationChanged superseded cessationOfOperation \
	certificateHold; do
	index_add ca leaf R $reason
	said ca leaf ca "r.revoked.$reason"
	judged "r.revoked.$reason" ca leaf revoked
	theirs=$(sed -n 's/^.*Reason: *//p' theirs | head -n 1)
	ours=$(json 'd["revocation_reason"]')
	same "reason" "$(tr A-Z a-z <<<"${theirs:-unspecified}")" "$(tr A-Z a-z <<<"$ours")"
done
said ca leaf delegate r.revoked.delegate
judged r.revoked.delegate ca leaf revoked
said ca leaf plain r.revoked.plain
judged r.revoked.plain ca leaf unusable
openssl ocsp -issuer ca.pem -cert high.pem -cert leaf.pem -cert unlisted.pem -no_nonce -reqout req.der >>openssl.log 2>&1
openssl ocsp -index ca.txt -CA ca.pem -rsigner ca.pem -rkey ca.key -reqin req.der -respout r.three -ndays 2 >>openssl.log 2>&1
judged r.three ca leaf revoked
judged r.three ca high good
judged r.three ca unlisted unknown
ok "revoked, with each reason, and several certificates in one response"

# What openssl does not write: other times, by python3-cryptography; damage.
python3 - <<'PYTHON'
import datetime
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
load = lambda n: x509.load_pem_x509_certificate(open(n + ".pem", "rb").read())
ca, leaf = load("ca"), load("leaf")
key = serialization.load_pem_private_key(open("ca.key", "rb").read(), None)
now = datetime.datetime.utcnow()
hour = datetime.timedelta(hours=1)
for name, this, until in (("old", -30 * hour, -6 * hour), ("future", 6 * hour, 30 * hour),
                          ("nonext", -hour, None), ("backwards", -hour, -2 * hour), ("fresh", -hour, hour)):
    b = ocsp.OCSPResponseBuilder().add_response(leaf, ca, hashes.SHA1(), ocsp.OCSPCertStatus.GOOD, now + this,
                                                until and now + until, None, None)
    r = b.responder_id(ocsp.OCSPResponderEncoding.NAME, ca).sign(key, hashes.SHA256())
    open("r.time." + name, "wb").write(r.public_bytes(serialization.Encoding.DER))
for status in ocsp.OCSPResponseStatus:
    if status != ocsp.OCSPResponseStatus.SUCCESSFUL:
        r = ocsp.OCSPResponseBuilder.build_unsuccessful(status)
        open("r.status." + status.name, "wb").write(r.public_bytes(serialization.Encoding.DER))
good = open("r.good", "rb").read()
open("r.cut", "wb").write(good[:-20])
open("r.longer", "wb").write(good + b"\0")
flip = lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]
open("r.flipped", "wb").write(flip(open("r-resp_no_certs", "rb").read()))
open("r.cert-flipped", "wb").write(flip(good))  # in the certificate that comes along, which nobody needs
open("r.html", "wb").write(b"<html><body>It works!</body></html>")
open("r.empty", "wb").write(b"")
PYTHON
judged r.time.fresh ca leaf good
judged r.time.nonext ca leaf good
for one in old future backwards; do judged r.time.$one ca leaf unusable; done
for one in r.status.*; do judged "$one" ca leaf unusable; done
for one in cut flipped html empty; do judged r.$one ca leaf unusable; done
judged r.cert-flipped ca leaf good
ok "times, statuses and damage"

# Stricter than openssl on purpose: SHA-1, and bytes behind the response.
said rsa rsaleaf rsa r.sha1 -rmd sha1
expect 2 ocspcheck --json cert rsaleaf.pem --issuer rsa.pem --in r.sha1
same "SHA-1" weak-signature "$(word)"
expect 2 ocspcheck --json cert leaf.pem --issuer ca.pem --in r.longer
same "trailing byte" malformed "$(word)"
ok "SHA-1 signatures and trailing bytes are refused"

[ "$count" -ge 40 ] || fail "only $count responses were judged"
for verdict in good revoked unknown unusable; do
	[ "${seen[$verdict]:-0}" -ge 4 ] || fail "only ${seen[$verdict]:-0} were $verdict"
done
ok "$count saved responses, the same verdict as openssl's"
