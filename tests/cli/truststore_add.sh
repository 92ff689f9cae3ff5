#!/bin/bash
# truststore add: all or nothing, the rules, and what is said of each certificate.
TEST_LIMIT=240
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3
T() { truststore --store "$tmp/store" "$@"; }
T init >/dev/null
# of EXPRESSION COMMAND...: of the JSON that a command prints
of() { T "${@:2}" --json >of.json || true; json "$1" of.json; }
revision() { of 'd[-1]["revision"] if d else 0' history; }
count() { of 'len(d)' list "${1:-tomcat-trust}"; }
ext=(--ext 'keyUsage=digitalSignature')

# --- formats and places
cert_new one "${ext[@]}"
cert_new two "${ext[@]}"
cert_new three "${ext[@]}"
openssl x509 -in one.pem -outform DER -out one.der
{ echo 'some text'; cat one.pem; echo 'more text'; cat two.pem; openssl x509 -in three.pem -text; } >many.pem
expect 0 T add tomcat-trust one.der --json
same "one" '[1, 0, "added"]' "$(json '[d["added"], d["skipped"], d["certificates"][0]["outcome"]]')"
same "the digest" "$(sha256_of one.pem)" "$(json 'd["certificates"][0]["sha256"]')"
now=$(revision)
expect 0 T add tomcat-trust one.pem
out_has 'is in tomcat-trust already'
same "the revision" "$now" "$(revision)"
expect 0 T add TOMCAT-trust many.pem --json
same "many" '[2, 1]' "$(json '[d["added"], d["unchanged"]]')"
code=0
T add CAPF-trust - <many.pem >out 2>err || code=$?
same "standard input" 0 "$code"
expect 0 T add CallManager-trust <(cat many.pem)
same "from a pipe" 3 "$(count CallManager-trust)"
same "members" 3 "$(count)"
ok "PEM with text, DER, standard input and pipes; what is there changes nothing"

# --- refused, with nothing changed
now=$(revision)
refused() { # refused TEXT ARGUMENT...
	local text=$1
	shift
	expect 2 T add "$@"
	err_one_line
	err_has "$text"
	same "revision after a refusal" "$now" "$(revision)"
}
cert_new four "${ext[@]}"
{ cat four.pem; printf -- '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'; } >broken.pem
: >empty.pem
refused 'broken.pem' Phone-SAST-trust broken.pem
refused 'broken.pem' Phone-SAST-trust two.pem broken.pem
refused "'' is not the name of a file" Phone-SAST-trust ''
refused 'empty.pem' Phone-SAST-trust empty.pem
refused 'missing.pem' Phone-SAST-trust four.pem missing.pem
refused 'four.key' Phone-SAST-trust four.key
refused 'directory' Phone-SAST-trust "$tmp"
refused 'CallManager-trust' No-trust four.pem
refused 'needs STORE FILE' Phone-SAST-trust
for ttl in 0 +5 -5 ' 5' 5x 0x5 '' 99999999999999999999; do
	refused "--ttl \"$ttl\"" Phone-SAST-trust four.pem --ttl="$ttl"
done
refused "--owner: 'Max <max@example.test>' is not an e-mail address" Phone-SAST-trust four.pem --owner 'Max <max@example.test>'
refused '--owner' Phone-SAST-trust four.pem --owner 'a@example.test, -X@example.test'
refused 'CAPF' Phone-SAST-trust four.pem --role CAPF
refused '--role none' Phone-SAST-trust four.pem --role none
refused 'tomorrow' Phone-SAST-trust four.pem --keep-old tomorrow
head -c 70000 /dev/zero | tr '\0' x >large.txt
refused 'large.txt' Phone-SAST-trust large.txt
ok "malformed or forbidden input ends the call with no change"

# --- expired
cert_new old --from 20200101000000Z --until 20210101000000Z "${ext[@]}"
refused 'expired on 2021-01-01T00:00:00Z' Phone-SAST-trust old.pem
err_has "$(sha256_of old.pem | cut -c1-16)"
expect 0 T add Phone-SAST-trust four.pem old.pem
out_has "skipped $(sha256_of old.pem | cut -c1-16)"
out_has 'expired on 2021-01-01'
same "one of the two" 1 "$(count Phone-SAST-trust)"
printf '[store]\npath = %s\n[security]\nexpired = allow\n' "$tmp/store" >lenient.conf
expect 0 truststore --config lenient.conf add Phone-SAST-trust old.pem
expect 0 truststore --config lenient.conf explain --file old.pem --json
same "the past" '[true, 300]' "$(json '[d["trusted"], d["ttl"]]')"
expect 1 T explain --file old.pem
cert_new future --from 20900101000000Z --until 20950101000000Z "${ext[@]}"
expect 0 T add IPSec-trust future.pem
err_has "$(sha256_of future.pem | cut -c1-16) (CN=future) is not valid yet"
expect 0 T add IPSec-trust one.pem --again
! grep -q 'not valid yet' err || fail "a certificate that is valid is said not to be"
ok "an expired one is refused alone, skipped among many, allowed by the setting"

# --- roles, TTL, words
expect 0 T add CallManager-trust four.pem --role tftp --ttl 3600 --label 'Gateway 4' --owner me@example.test
expect 0 T show "$(sha256_of four.pem)" --json
same "roles and words" '[["SAST", "TFTP"], "Gateway 4", "me@example.test"]' \
	"$(json '[d["roles"], d["label"], d["owner"]]')"
same "membership" '["TFTP"]' "$(json '[m["roles"] for m in d["memberships"] if m["store"] == "CallManager-trust"][0]')"
expect 0 T explain "$(sha256_of four.pem)" --json
same "the smaller TTL" 3600 "$(json 'd["ttl"]')"
expect 0 T add CallManager-trust four.pem --label 'Gateway four' --json
same "new words" 1 "$(json 'd["updated"]')"
ok "fewer roles, a TTL, label and owner"

# --- the same subject
cert_new new --subj /CN=same --from 20260101000000Z --until 20400101000000Z "${ext[@]}"
cert_new older --subj /CN=same --from 20250101000000Z --until 20400101000000Z "${ext[@]}"
cert_new newest --subj /CN=same --from 20260601000000Z --until 20400101000000Z "${ext[@]}"
expect 0 T add srst-trust new.pem
now=$(revision)
refused "$(sha256_of new.pem | cut -c1-16)" srst-trust older.pem
err_has "$(sha256_of older.pem | cut -c1-16)"
cert_new twin --subj /CN=same --from 20260101000000Z --until 20410101000000Z --key rsa:2048 "${ext[@]}"
refused "$(sha256_of new.pem | cut -c1-16)" srst-trust twin.pem # begins at the same moment, with another kind of key
err_has "$(sha256_of twin.pem | cut -c1-16)"
expect 0 T add srst-trust older.pem four.pem
out_has "skipped $(sha256_of older.pem | cut -c1-16)"
expect 0 T add srst-trust newest.pem
out_has "in the place of $(sha256_of new.pem | cut -c1-16)"
same "one of that name" '["'"$(sha256_of newest.pem)"'"]' \
	"$(of '[c["sha256"] for c in d]' list srst-trust --subject CN=same)"
T stores set srst-trust --same-subject keep >/dev/null
expect 0 T add srst-trust new.pem older.pem --again
same "all three" 3 "$(of 'len(d)' list srst-trust --subject CN=same)"
expect 0 T add tomcat-trust new.pem
expect 0 T add tomcat-trust newest.pem --keep-old 2d
same "the old one stays" 2 "$(of 'len(d)' list tomcat-trust --subject CN=same)"
expect 0 T list tomcat-trust --subject CN=same
out_has "srst-trust,tomcat-trust (until $(date -u -d '2 days' +%F))  CN=same"
same "one that ends" '["tomcat-trust"] []' "$(of '" ".join(json.dumps(list(c["stores_until"])) for c in sorted(d, key=lambda c: len(c["stores_until"]), reverse=True))' list tomcat-trust --subject CN=same)"
expect 0 T explain "$(sha256_of new.pem)" --at +47h
expect 1 T explain "$(sha256_of new.pem)" --at +2d --json
same "it is still in srst-trust, which gives no role" no-role "$(json 'd["reason"]')"
same "and leaves by itself" 1 "$(export TVS_CLOCK=+49h; of 'len(d)' list tomcat-trust --subject CN=same)"
expect 0 T add Phone-VPN-trust older.pem
expect 0 T add Phone-VPN-trust new.pem
now=$(revision)
refused 'to have this one instead, remove the other first' Phone-VPN-trust older.pem
expect 0 T remove Phone-VPN-trust "$(sha256_of new.pem)"
expect 0 T add Phone-VPN-trust older.pem
ok "the newer of one subject takes the other's place; keep and --keep-old"

# --- removed before
one=$(sha256_of one.pem)
T remove tomcat-trust "$one" >/dev/null
now=$(revision)
refused '--again' tomcat-trust one.pem
err_has "removed from tomcat-trust on"
expect 0 T add tomcat-trust one.pem two.pem
out_has "skipped ${one:0:16}"
expect 0 T add tomcat-trust one.pem --again
expect 0 T explain "$one"
ok "what was removed comes back only with --again"

# --- keys
large() { openssl genpkey -quiet -algorithm RSA -pkeyopt "rsa_keygen_bits:$2" -pkeyopt rsa_keygen_primes:4 -out "$1.key"; } # four primes are found sooner
large big 5120
cert_new big --key key=big.key "${ext[@]}"
now=$(revision)
refused '4096' tomcat-trust big.pem
err_has "$(sha256_of big.pem | cut -c1-16)"
cert_new small "${ext[@]}"
{ echo text; cat small.pem big.pem; } >both.pem
line=$(grep -n 'BEGIN CERT' both.pem | sed -n '2s/:.*//p')
refused "both.pem: line $line: certificate $(sha256_of big.pem | cut -c1-16)" tomcat-trust both.pem
openssl x509 -in big.pem -outform DER -out big.der
refused "big.der: certificate $(sha256_of big.pem | cut -c1-16)" tomcat-trust old.pem small.pem big.der # what is old is skipped, not what is forbidden
for ((i = 0; i < 70; i++)); do cat small.pem; done >more.pem
line=$(($(wc -l <more.pem) + 1))
cat big.pem >>more.pem
refused "more.pem: line $line: certificate $(sha256_of big.pem | cut -c1-16)" tomcat-trust small.pem more.pem
code=0
T add tomcat-trust small.pem - <big.pem >out 2>err || code=$?
same "standard input" 2 "$code"
err_has "standard input: line 1: certificate $(sha256_of big.pem | cut -c1-16)"
large most 4096
cert_new most --key key=most.key "${ext[@]}"
expect 0 T add tomcat-trust most.pem
cert_new rsa3 --key rsa:3072 "${ext[@]}"
cert_new ed --key ed25519 "${ext[@]}"
expect 0 T add tomcat-trust rsa3.pem
err_has 'more than 2048 bits'
err_has "$(sha256_of rsa3.pem | cut -c1-16)"
expect 0 T add tomcat-trust ed.pem
err_has 'no phone can use'
expect 0 T add CAPF-trust ed.pem --quiet
[ ! -s err ] || fail "warnings in spite of --quiet"
[ ! -s out ] || fail "output in spite of --quiet"
cert_new plain --key rsa:2048 "${ext[@]}"
expect 0 T add tomcat-trust plain.pem
[ ! -s err ] || fail "a warning about a certificate that every phone can use"
cert_new later --until 20601231235959Z "${ext[@]}"
openssl x509 -in later.pem -outform DER -out later.der
now=$(revision)
for time in '20601231235959Z 206012312359.5Z' '20601231235959Z 20601231235959+' '20601231235959Z 20601331235959Z'; do
	python3 -c 'import sys; b = open("later.der", "rb").read(); old, new = (t.encode() for t in sys.argv[1].split()); assert b.count(old) == 1; open("time.der", "wb").write(b.replace(old, new))' "$time"
	refused 'time.der' tomcat-trust time.der # requirement K10
done
expect 0 T add tomcat-trust later.der
ok "keys over 4096 bits and times in other forms are refused, what phones cannot use is said"

# the roots of what phones are made with (requirement M1): wrong in one store, at home in the other
for name in CAP-RTP-001 CAP-RTP-002 Cisco_Manufacturing_CA 'Cisco Root CA 2048' Cisco_Manufacturing_CA_SHA2 'Cisco Root CA M2' 'ACT2 SUDI CA'; do
	cert_new mic --subj "/O=Cisco/CN=$name" --ext 'basicConstraints=CA:TRUE'
	expect 0 T add CAPF-trust mic.pem --json
	same "$name in CAPF-trust" false "$(json 'any("made with" in w for w in d["warnings"])')"
	expect 0 T add CALLMANAGER-trust mic.pem
	out_has 'to CallManager-trust'
	err_has "CN=$name) is a root of the certificates that phones are made with"
done
cert_new mic --subj '/O=Cisco/CN=Cisco Root CA' --ext 'basicConstraints=CA:TRUE'
expect 0 T add CallManager-trust mic.pem --json
same "no root of a maker" false "$(json 'any("made with" in w for w in d["warnings"])')"
ok "makers' roots in CallManager-trust are warned of"

# --- a chain in any order is stored root first
ca_new root
ca_new middle --ca root
cert_new leaf --ca middle "${ext[@]}"
cat leaf.pem middle.pem root.pem >chain.pem
expect 0 T add Phone-VPN-trust chain.pem
same "order" "[\"$(sha256_of root.pem)\", \"$(sha256_of middle.pem)\", \"$(sha256_of leaf.pem)\"]" \
	"$(of '[c["sha256"] for c in d if c["action"] == "add"][-3:]' history)"
ok "a chain is stored root first"

# --- dry run
cert_new dry "${ext[@]}"
now=$(revision)
expect 0 T add tomcat-trust dry.pem --dry-run
out_has 'would have added'
expect 0 T add tomcat-trust dry.pem two.pem old.pem --dry-run --json
same "a dry run" '[true, 1, 1, 1]' "$(json '[d["dry_run"], d["added"], d["unchanged"], d["skipped"]]')"
same "the revision" "$now" "$(revision)"
expect 2 T add tomcat-trust old.pem --dry-run
ok "--dry-run says the same and changes nothing"

# --- many: names by number, from one template (their signatures do not fit)
openssl req -x509 -key plain.key -subj '/CN=many-00000/O=Example' -set_serial 0x5a5a5a5a5a5a5a5a -days 400 \
	-outform DER -out many.der 2>>openssl.log
python3 - 2000 >large.pem <<'PYTHON'
import base64, sys
der = open("many.der", "rb").read()
for i in range(int(sys.argv[1])):
    one = der.replace(b"many-00000", b"many-%05d" % i).replace(b"\x5a" * 8, (0x5a << 56 | i).to_bytes(8, "big"))
    print("-----BEGIN CERTIFICATE-----", base64.encodebytes(one).decode().strip(), "-----END CERTIFICATE-----", sep="\n")
PYTHON
cat old.pem >>large.pem
expect 0 T add tomcat-trust large.pem
same "a summary and what was skipped" 2 "$(wc -l <out)"
out_has '2001 certificates to tomcat-trust: 2000 new'
out_has 'expired on'
[ ! -s err ] || fail "progress without a terminal"
expect 0 T verify
# on a terminal
script -qec "truststore --store '$tmp/store' add CAPF-trust large.pem" typescript >/dev/null </dev/null || fail "add on a terminal"
grep -q '2000 new' typescript || fail "no summary on a terminal"
ok "of many the account is a summary and what was skipped"

# --- the CA certificates of the system: an expired or older one among them does not stop the others
bundle=/etc/ssl/certs/ca-certificates.crt
if [ -r "$bundle" ]; then
	expect 0 T add Phone-CTL-trust "$bundle" --json
	same "each has an outcome" "$(grep -c 'BEGIN CERT' "$bundle")" "$(json 'd["added"] + d["replaced"] + d["skipped"]')"
	same "nearly all are there" true "$(json 'd["added"] > 9 * d["skipped"]')"
	ok "the CA certificates of the system are added as a whole"
fi

# --- without standard streams: what is printed must not land in the store, whose file would get their numbers
cert_new quiet "${ext[@]}"
code=0
truststore --store "$tmp/store" add tomcat-trust quiet.pem <&- >&- 2>&- || code=$?
same "without standard output" 2 "$code"
expect 0 T verify
expect 0 T list --subject CN=quiet
out_has CN=quiet
ok "closed standard streams do no harm"

# --- a limit on the size of files
cert_new limited "${ext[@]}"
code=0
(ulimit -f 0 && exec truststore --store "$tmp/store" add tomcat-trust limited.pem 2>&1) </dev/null | cat >out || code=$?
same "over the limit on files" 2 "$code"
out_has 'File too large'
expect 0 T verify
expect 1 T list --subject CN=limited
ok "over the limit on the size of files nothing is changed, and that is said"
