#!/bin/bash
# truststore identity: own certificates as openssl sees them, their keys, and their place in the store.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl certtool python3
T() { truststore --store "$tmp/store" "$@"; }
of() { T "${@:2}" --json >of.json || true; json "$1" of.json; }
T init >/dev/null
expect 1 T identity list
expect 1 T identity show TVS
err_one_line
expect 1 T identity export TVS
err_has 'truststore identity new TVS'
expect 2 T identity new Phone
err_has 'CallManager-ECDSA' # the purposes there are
expect 2 T identity new TVS --cn "$(printf 'x%.0s' {1..65})"
err_has '64 characters'
expect 2 T identity new TVS --cn tvs --san 'not a host'
err_has 'not a host'
expect 2 T identity new TVS --cn ''
err_one_line
same "no key is left behind" '' "$(ls store/keys 2>/dev/null)"
ok "what cannot be made is refused, and no key stays"

expect 0 T identity new tvs --cn tvs.example.test
out_has 'own certificate for TVS'
expect 0 T identity export TVS --out tvs.pem
openssl x509 -in tvs.pem -noout -text >text
text() { grep -qF -e "$1" text || fail "openssl x509 -text lacks \"$1\""; }
text 'Version: 3'
text 'Signature Algorithm: sha256WithRSAEncryption'
text 'Public-Key: (2048 bit)'
text 'Issuer: CN = tvs.example.test'
text 'Subject: CN = tvs.example.test'
same "extensions" 'X509v3 Key Usage: critical
Digital Signature, Key Encipherment, Data Encipherment
X509v3 Extended Key Usage:
TLS Web Server Authentication, TLS Web Client Authentication
X509v3 Subject Alternative Name:
DNS:tvs.example.test' "$(sed -n '/X509v3 extensions/,/Signature Algorithm/p' text | sed '1d;$d;s/^ *//;s/ *$//')"
serial=$(serial_of tvs.pem)
same "a serial number of 16 bytes" 32 "${#serial}"
case $serial in [4-7]*) ;; *) fail "serial number $serial is not positive or too short" ;; esac
same "years" 5 "$(($(date -d "$(openssl x509 -in tvs.pem -noout -enddate | cut -d= -f2)" +%Y) - $(date -d "$(openssl x509 -in tvs.pem -noout -startdate | cut -d= -f2)" +%Y)))"
openssl verify -CAfile tvs.pem tvs.pem >out 2>&1 || fail "openssl verify refuses it"
certtool -i --infile tvs.pem --outfile /dev/null || fail "certtool refuses it"
ok "a TVS certificate with the names, usages and validity of its purpose"

key=$(echo store/keys/*)
same "one key" 1 "$(ls store/keys | wc -l)"
same "modes" '600 700' "$(stat -c %a "$key") $(stat -c %a store/keys)"
head -n 1 "$key" | grep -q 'BEGIN PRIVATE KEY' || fail "the key is no PKCS#8"
same "the name of the key" "$(openssl pkey -in "$key" -pubout -outform DER | sha256sum | cut -d' ' -f1).pem" "$(basename "$key")"
same "key and certificate" "$(openssl x509 -in tvs.pem -noout -pubkey)" "$(openssl pkey -in "$key" -pubout)"
expect 0 T identity show TVS --json
same "as shown" true "$(json 'd["sha256"] == "'"$(sha256_of tvs.pem)"'" and d["purpose"] == "TVS" and d["usage"] == "identity" and d["key"] == "'"$(basename "$key")"'" and d["trusted"] and d["roles"] == ["TVS"] and d["memberships"][0]["origin"] == "own"')"
expect 0 T identity list --json
same "as listed" '[["TVS", true, null]]' "$(json '[[i["identity"], i["self_signed"], i["csr_created"]] for i in d]')"
expect 0 T identity list
out_has 'CN=tvs.example.test'
expect 0 T identity export TVS --format der --out tvs.der
same "DER" "$(sha256_of tvs.pem)" "$(sha256sum <tvs.der | cut -d' ' -f1)"
expect 2 T identity export TVS --out tvs.pem
err_has tvs.pem
expect 2 T identity export TVS --format p7
err_one_line
ok "the key: PKCS#8, mode 0600, named by the digest of its public key"

expect 2 T identity new TVS --cn tvs.example.test
err_has '--yes'
err_has 'by one with the same names, CN=tvs.example.test (alternative names: tvs.example.test)?'
expect 2 T identity new TVS
err_one_line
err_has ', CN=tvs.example.test (alternative names: tvs.example.test), and its key by one with other names, CN='
same "still the same" "$(sha256_of tvs.pem)" "$(of 'd[0]["sha256"]' identity list)"
expect 0 T identity new TVS --cn tvs.example.test --san a.example.test 192.0.2.7 2001:db8::7 --yes --json
same "replaced" "$(sha256_of tvs.pem)" "$(json 'd["replaced"]')"
same "names" '["tvs.example.test", ["a.example.test", "192.0.2.7", "2001:db8::7"], ["tvs.example.test"]]' \
	"$(json '[d["names"]["common_name"], d["names"]["san"], d["names_in_use"]["san"]]')"
expect 0 T identity export TVS --out new.pem
openssl x509 -in new.pem -noout -ext subjectAltName >out
out_has 'DNS:a.example.test, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7'
same "the old key is gone" 1 "$(ls store/keys | wc -l)"
same "the key of the new one" "$(openssl x509 -in new.pem -noout -pubkey)" "$(openssl pkey -in store/keys/*.pem -pubout)"
expect 0 T explain "$(sha256_of tvs.pem)" # for anchor-wait
expect 1 T explain "$(sha256_of tvs.pem)" --at +8d
expect 0 T verify
ok "a new one takes its place, the old one is still known for a while"

expect 0 T identity new CallManager --cn cm.example.test
expect 0 T identity show CallManager --json
same "both stores" '["CallManager-trust", "Phone-SAST-trust"]' "$(json 'sorted(d["stores"])')"
expect 2 T identity new CallManager-ECDSA --cn cm.example.test
err_has 'choose another common name'
expect 0 T identity new CallManager-ECDSA
expect 0 T identity export CallManager-ECDSA --out ec.pem
openssl x509 -in ec.pem -noout -text >text
text 'NIST CURVE: P-384'
text 'ecdsa-with-SHA384'
host=$(hostname)
text "Subject: CN = ${host%%.*}-EC"
expect 0 T identity new CAPF
out_has "names: CN=$(T identity export CAPF | openssl x509 -noout -subject -nameopt multiline | sed -n 's/.*commonName *= //p') (no alternative names)"
expect 0 T identity new CAPF --cn CAPF-00000000 --yes
out_has 'which had: CN=CAPF-'
expect 0 T identity new CAPF --yes
expect 0 T identity export CAPF --out capf.pem
openssl x509 -in capf.pem -noout -text >text
text 'CA:TRUE, pathlen:0'
grep -qE 'Subject: CN = CAPF-[0-9a-f]{8}$' text || fail "the common name of CAPF"
text 'Digital Signature, Certificate Sign'
expect 0 T identity new ITLRecovery
expect 0 T identity export ITLRecovery --out itl.pem
text "$(openssl x509 -in itl.pem -noout -text >text; echo "ITLRECOVERY_$host")"
same "years" 20 "$(($(date -d "$(openssl x509 -in itl.pem -noout -enddate | cut -d= -f2)" +%Y) - $(date -d "$(openssl x509 -in itl.pem -noout -startdate | cut -d= -f2)" +%Y)))"
expect 0 T identity new ipsec
expect 0 T identity export ipsec --out ipsec.pem
openssl x509 -in ipsec.pem -noout -ext extendedKeyUsage | grep -q 'TLS Web Server Authentication, TLS Web Client Authentication, ipsec Internet Key Exchange\|IPSec End System' || fail "usages of ipsec"
expect 0 T verify
ok "the other purposes"

if [ "$(id -u)" = 0 ] && id nobody >/dev/null 2>&1; then
	chmod 755 "$tmp"
	mkdir owned && chown nobody owned
	truststore --store owned/store init >/dev/null 2>&1 || true
	chown -R nobody owned
	expect 0 truststore --store "$tmp/owned/store" identity new TVS --cn owned
	same "whose keys" nobody "$(stat -c %U owned/store/keys/*.pem)"
	ok "run by root, keys belong to the store's owner"
fi

# a disk without room: the old certificate and key stay, and fit
expect 2 truststore --config <(printf '[store]\npath = %s\n[truststore]\nkeys = /proc/nowhere\n' "$tmp/store") identity new TVS --cn x --yes
err_one_line
same "still the same" "$(sha256_of new.pem)" "$(of '[i["sha256"] for i in d if i["identity"] == "TVS"][0]' identity list)"
ok "a key that cannot be written changes nothing"
