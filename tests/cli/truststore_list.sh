#!/bin/bash
# truststore list: filters, all of which must hold, and order.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3
T() { truststore --store "$tmp/store" "$@"; }
# of EXPRESSION ARGUMENT...: of the JSON of a list
of() { T list "${@:2}" --json >of.json || true; json "$1" of.json; }
names() { of '" ".join(c["subject"][3:].split(",")[0] for c in d)' "$@"; }
T init >/dev/null
expect 1 T list
[ ! -s out ] || fail "an empty store lists something"
expect 1 T list --json
same "an empty store" '[]' "$(json d)"
expect 2 T list No-trust
err_one_line

ext=(--ext 'keyUsage=digitalSignature')
ca_new ca --subj '/CN=Ca One/O=Example'
cert_new alpha --ca ca --subj '/CN=alpha/O=Example' --from 20260101000000Z --until 20270101000000Z --serial 10 "${ext[@]}"
cert_new beta --ca ca --subj '/CN=beta/O=Other' --key rsa:2048 --from 20260201000000Z --until 20280101000000Z --serial 0F "${ext[@]}"
cert_new gamma --subj '/CN=Gamma' --key ed25519 --from 20260301000000Z --until 20261201000000Z --serial 7F00000000000000AA "${ext[@]}"
export TVS_CLOCK=2026-11-20T00:00:00Z
{
	T add CAPF-trust ca.pem --label 'the CA' --owner z@example.test
	TVS_CLOCK=2026-11-20T00:00:01Z T add tomcat-trust alpha.pem --label web --owner a@example.test
	TVS_CLOCK=2026-11-20T00:00:02Z T add CallManager-trust beta.pem
	TVS_CLOCK=2026-11-20T00:00:03Z T add CallManager-trust gamma.pem --role TFTP
	T add IPSec-trust gamma.pem
	T identity new TVS --cn tvs
} >/dev/null 2>&1

expect 0 T list
same "headings and rows" 6 "$(wc -l <out)"
out_has 'SUBJECT'
out_has 'CallManager-trust,IPSec-trust'
# the column in which SUBJECT begins, in the headings and in each row
same "columns line up" 1 "$(awk '{ at = NR == 1 ? index($0, "SUBJECT") : match($0, / CN=/) + 1; print at }' out | sort -u | wc -l)"
expect 0 T list --json
same "the keys of the contract" true "$(json 'all(set(c) >= {"sha256", "subject", "issuer", "serial", "not_before", "not_after", "key_type", "key_bits", "signature", "stores", "roles", "ttl", "label", "owner", "added", "trusted", "reason"} for c in d)')"
same "in the order of the digests" true "$(json '[c["sha256"] for c in d] == sorted(c["sha256"] for c in d)')"
same "one in full" true "$(of '[c for c in d if c["subject"] == "CN=alpha,O=Example"][0]' | python3 -c '
import json, sys
c = json.load(sys.stdin)
del c["usage"], c["purpose"], c["stores_until"]
print(json.dumps(c == {
	"sha256": sys.argv[1], "subject": "CN=alpha,O=Example", "issuer": "CN=Ca One,O=Example", "serial": "10",
	"not_before": "2026-01-01T00:00:00Z", "not_after": "2027-01-01T00:00:00Z", "key_type": "EC", "key_bits": 256,
	"signature": "ECDSA-SHA256", "stores": ["tomcat-trust"], "roles": ["APP-SERVER"], "ttl": 86400, "label": "web",
	"owner": "a@example.test", "added": "2026-11-20T00:00:01Z", "trusted": True, "reason": "trusted"}))' "$(sha256_of alpha.pem)")"
ok "text and JSON with the keys of the contract"

same "a store" 'beta Gamma' "$(names callmanager-TRUST --sort subject)"
same "a role" 'beta' "$(names --role ccm --sort subject)"
same "another" 'beta Gamma' "$(names --role TFTP --sort subject)"
same "expiring" 'Gamma' "$(names --expiring 30d)"
same "expiring later" 'alpha Gamma' "$(names --expiring 60d --sort subject)"
same "none expired" '' "$(names --expired)"
same "expired" 'Gamma' "$(export TVS_CLOCK=2026-12-24; names --expired)"
same "expired ones expire no more" 'alpha' "$(export TVS_CLOCK=2026-12-24; names --expiring 30d)"
same "subject" 'alpha Ca One' "$(names --subject o=EXAMPLE --sort subject)"
same "issuer" 'alpha beta Ca One' "$(names --issuer 'ca one' --sort subject)"
same "key type" 'Gamma' "$(names --key-type ED25519)"
same "own" 'tvs' "$(names --usage identity)"
same "others" 4 "$(of 'len(d)' --usage trust)"
same "several filters" 'beta' "$(names CallManager-trust --issuer 'ca one' --key-type rsa --role TFTP --expiring 3000d --usage trust)"
expect 1 T list CallManager-trust --issuer 'ca one' --key-type EC
ok "filters are ANDed"

export TVS_CLOCK=2026-11-20T00:00:00Z
same "subject" 'alpha beta Ca One Gamma tvs' "$(names --sort subject)"
same "reverse" 'tvs Gamma Ca One beta alpha' "$(names --sort subject --reverse)"
same "common name" 'alpha beta Ca One Gamma tvs' "$(names --sort common-name)"
same "expiry" true "$(of '[c["not_after"] for c in d] == sorted(c["not_after"] for c in d)' --sort not_after)"
same "beginning" true "$(of '[c["not_before"] for c in d] == sorted(c["not_before"] for c in d)' --sort not-before)"
same "serial numbers as numbers" true "$(of '[int(c["serial"], 16) for c in d] == sorted(int(c["serial"], 16) for c in d)' --sort serial)"
same "key type" '["EC", "EC", "Ed25519", "RSA", "RSA"]' "$(of '[c["key_type"] for c in d]' --sort key-type)"
same "usage" '["identity", "trust", "trust", "trust", "trust"]' "$(of '[c["usage"] for c in d]' --sort usage)"
same "added" 'alpha beta Gamma' "$(names --sort added --expiring 9999d --usage trust | sed 's/Ca One //')"
same "label" '["", "", "", "the CA", "web"]' "$(of '[c["label"] for c in d]' --sort label)"
same "owner" '["z@example.test", "a@example.test", "", "", ""]' "$(of '[c["owner"] for c in d]' --sort owner --reverse)"
same "digest" true "$(of '[c["sha256"] for c in d] == sorted((c["sha256"] for c in d), reverse=True)' --reverse)"
expect 2 T list --sort colour
err_has 'no field "colour"'
expect 2 T list --usage mine
err_has 'identity or trust'
expect 2 T list --role Cook
err_has 'no role "Cook"'
expect 2 T list --expiring 30
err_has "--expiring: '30' is not a duration: write 30d, 12h, 15m or 90s"
expect 2 T list --expiring soon
err_has '--expiring'
ok "order by every field"

# A name that would break lines, colours and columns
cert_new evil --subj "/CN=$(printf 'a\033[31mb\tc')/OU=x\"y\\\\z" "${ext[@]}"
T add Phone-SAST-trust evil.pem >/dev/null 2>&1
expect 0 T list Phone-SAST-trust
! grep -q $'[\033\t]' out || fail "control characters reach the terminal"
expect 0 T list Phone-SAST-trust --json
same "one certificate" 1 "$(json 'len(d)')"
same "no control character in JSON either" true "$(json 'all(ord(ch) >= 32 for ch in d[0]["subject"])')"
ok "odd names break nothing"

# More than one piece of the walk, in both orders
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out many.key
openssl req -x509 -key many.key -subj '/CN=many-00000' -set_serial 0x5a5a5a5a5a5a5a5a -days 400 -outform DER -out many.der 2>>openssl.log
python3 - 3000 >large.pem <<'PYTHON'
import base64, sys
der = open("many.der", "rb").read()
for i in range(int(sys.argv[1])):
    one = der.replace(b"many-00000", b"many-%05d" % i).replace(b"\x5a" * 8, (0x5a << 56 | i).to_bytes(8, "big"))
    print("-----BEGIN CERTIFICATE-----", base64.encodebytes(one).decode().strip(), "-----END CERTIFICATE-----", sep="\n")
PYTHON
T add Phone-CTL-trust large.pem >/dev/null 2>&1
same "all, each once" '[3000, 3000]' "$(of '[len(d), len({c["sha256"] for c in d})]' Phone-CTL-trust)"
same "of all stores" '[3006, 3006]' "$(of '[len(d), len({c["sha256"] for c in d})]')"
same "sorted" true "$(of '[c["subject"] for c in d] == ["CN=many-%05d" % i for i in range(3000)]' Phone-CTL-trust --sort subject)"
same "the other way round" 'CN=many-02999' "$(of 'd[0]["subject"]' Phone-CTL-trust --sort subject --reverse)"
expect 0 T list Phone-CTL-trust
same "rows" 3001 "$(wc -l <out)"
ok "long lists come whole"

if [ -e /dev/full ]; then
	code=0
	T list >/dev/full 2>err || code=$?
	same "a full disk" 2 "$code"
	err_one_line
	ok "output that cannot be written is a failure"
fi
