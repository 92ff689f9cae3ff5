#!/bin/bash
# truststore identity csr and install: requests with exactly the extensions of table 3.5, and what a CA may do with them.
TEST_LIMIT=300
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl certtool python3
T() { truststore --store "$tmp/store" "$@"; }
of() { T "${@:2}" --json >of.json || true; json "$1" of.json; }
T init >/dev/null
host=$(hostname)

# --- requests

# request PURPOSE [OPTION...]: makes one, in csr.pem, its text in text
request()
{
	expect 0 T identity csr "$@" --out csr.pem --overwrite --yes
	openssl req -in csr.pem -noout -verify >verify.log 2>&1 || fail "openssl req -verify refuses the request for $1"
	certtool --crq-info --infile csr.pem --outfile /dev/null 2>>openssl.log || fail "certtool refuses the request for $1"
	openssl req -in csr.pem -noout -text >text
}
extensions() { sed -n '/Requested Extensions/,/Signature Algorithm/p' text | sed '1d;$d;s/^ *//;s/ *$//'; }
text() { grep -qF -e "$1" text || fail "openssl req -text lacks \"$1\""; }
usual='X509v3 Key Usage: critical
Digital Signature, Key Encipherment, Data Encipherment
X509v3 Extended Key Usage:
TLS Web Server Authentication, TLS Web Client Authentication'

for purpose in TVS CallManager tomcat; do
	request $purpose --cn one.example.test
	same "extensions of $purpose" "$usual
X509v3 Subject Alternative Name:
DNS:one.example.test" "$(extensions)"
	text 'Subject: CN = one.example.test'
	text 'Public-Key: (2048 bit)'
	text 'Signature Algorithm: sha256WithRSAEncryption'
done
for purpose in CallManager-ECDSA tomcat-ECDSA; do
	request $purpose --san a.example.test 192.0.2.1
	same "extensions of $purpose" "$usual
X509v3 Subject Alternative Name:
DNS:a.example.test, IP Address:192.0.2.1" "$(extensions)"
	text "Subject: CN = ${host%%.*}-EC"
	text 'NIST CURVE: P-384'
	text 'ecdsa-with-SHA384'
done
request ipsec
same "extensions of ipsec" "$usual, IPSec End System" "$(extensions)"
request CAPF
same "extensions of CAPF" 'X509v3 Key Usage: critical
Digital Signature, Certificate Sign
X509v3 Extended Key Usage:
TLS Web Server Authentication
X509v3 Basic Constraints: critical
CA:TRUE, pathlen:0' "$(extensions)"
grep -qE 'Subject: CN = CAPF-[0-9a-f]{8}$' text || fail "the common name of CAPF"
expect 2 T identity csr ITLRecovery
err_has 'signs itself'
ok "requests show exactly the key usages of table 3.5"

request tomcat --bits 4096 --hash sha512 --cn big
text 'Public-Key: (4096 bit)'
text 'sha512WithRSAEncryption'
request CallManager-ECDSA --bits 256
text 'NIST CURVE: P-256'
text 'ecdsa-with-SHA256'
request CallManager-ECDSA --bits 521
text 'ecdsa-with-SHA512'
expect 2 T identity csr CallManager-ECDSA --bits 384 --hash sha256 --yes
err_has 'SHA256 is weaker'
expect 2 T identity csr CallManager-ECDSA --bits 2048 --yes
err_has '256, 384 or 521'
expect 2 T identity csr tomcat --bits 2000 --yes
err_has '1024, 2048, 3072 or 4096'
expect 2 T identity csr tomcat --hash md5 --yes
err_has '--hash "md5"'
ok "lengths and hashes; the hash is not weaker than the key"

request tomcat --multi-server --cn web-ms.example.test --san a.example.test b.example.test
text 'DNS:a.example.test, DNS:b.example.test, DNS:example.test'
request CallManager-ECDSA --multi-server --cn x --san a.example.test --domain other.test
text 'DNS:a.example.test, DNS:other.test'
request tomcat --multi-server --cn x --san a.example.test --domain ''
same "no domain" 'DNS:a.example.test' "$(extensions | tail -n 1)"
# by default named after this host, in its domain or the one that is given
full=$host
case $host in *.*) ;; *) full=$host.example.test ;; esac
for purpose in tomcat:-ms tomcat-ECDSA:-EC-ms; do
	request ${purpose%:*} --multi-server --san a.example.test --domain "${full#*.}"
	text "Subject: CN = ${full%%.*}${purpose#*:}.${full#*.}"
	same "names" "DNS:a.example.test, DNS:${full#*.}" "$(extensions | tail -n 1)"
done
if [ "$full" != "$host" ]; then
	expect 2 T identity csr tomcat --multi-server --san a.example.test --yes
	err_has 'give --domain'
fi
for purpose in TVS CAPF ipsec; do
	expect 2 T identity csr $purpose --multi-server --cn x --yes
	err_has 'several servers'
done
ok "one certificate for several servers, where it may be"

# --- one request a purpose
rm -rf store && T init >/dev/null
expect 0 T identity csr tomcat --cn web.example.test
openssl req -in out -noout -verify 2>/dev/null || fail "standard output is not the request alone"
err_has 'let a CA sign'
cp out first.csr
key=$(ls store/keys)
expect 2 T identity csr tomcat --cn web.example.test
err_one_line
err_has 'deletes its key'
err_has '--yes'
same "the key of the first" "$key" "$(ls store/keys)"
expect 0 T identity export tomcat --csr
cmp out first.csr || fail "the pending request is another"
expect 1 T identity export CAPF --csr
expect 2 T identity csr tomcat --out first.csr --yes
err_has first.csr
same "the key of the first" "$key" "$(ls store/keys)"
same "names" '["web.example.test", ["web.example.test"], null]' "$(T identity csr tomcat --cn web.example.test --yes --json >names.json; json '[d["names"]["common_name"], d["names"]["san"], d["names_in_use"]]' names.json)"
expect 0 T identity csr tomcat --cn web.example.test --yes --json
json 'd["csr"]' >second.csr
same "one key" 1 "$(ls store/keys | wc -l)"
[ "$(ls store/keys)" != "$key" ] || fail "the key of the first request is still there"
same "modes" 600 "$(stat -c %a store/keys/*)"
same "the key is that of the request" "$(openssl req -in second.csr -noout -pubkey)" "$(openssl pkey -in store/keys/*.pem -pubout)"
same "not yet a certificate" '[null, true]' "$(of '[d[0].get("sha256"), d[0]["csr_created"] is not None]' identity list)"
ok "a new request takes the place of a pending one, with its key, and says so before"

# --- a request that nobody wants any more
cp -r store with
expect 2 T identity csr tomcat --discard
err_one_line
err_has '--yes'
same "the key" 1 "$(ls store/keys | wc -l)"
expect 2 T identity csr tomcat --discard --yes --out x.csr
err_has '--out belongs to a new request'
expect 0 T identity csr tomcat --discard --yes
out_has 'the request for tomcat is discarded'
same "no key" 0 "$(ls store/keys | wc -l)"
expect 1 T identity list
expect 2 T identity csr tomcat --discard --yes
err_has 'no request for tomcat is pending'
T history | grep -q 'tomcat: its request is discarded' || fail "the log does not say it"
expect 0 T verify
expect 0 T identity new tomcat
before=$(of 'd[0]["sha256"]' identity list) key=$(ls store/keys)
expect 0 T identity csr tomcat --cn web.example.test --out x.csr
expect 0 T identity csr tomcat --discard --yes --json
same "as JSON" '["tomcat", true]' "$(json '[d["purpose"], d["discarded"]]')"
same "certificate and key stay" "$before $key" "$(of 'd[0]["sha256"]' identity list) $(ls store/keys)"
same "no request" null "$(of 'd[0]["csr_created"]' identity list)"
rm -rf store && mv with store
ok "a pending request can be discarded, with its key"

# --- a CA: root, intermediate
mkdir ca
(
	cd ca
	: >index.txt
	echo 1000 >serial
	cat >ca.cnf <<-'CONF'
	[ca]
	default_ca = here
	[here]
	dir = .
	database = index.txt
	serial = serial
	new_certs_dir = .
	certificate = inter.pem
	private_key = inter.key
	default_md = sha256
	default_days = 90
	policy = any
	copy_extensions = copyall
	unique_subject = no
	[any]
	commonName = supplied
	[keep]
	[drop_data]
	keyUsage = digitalSignature,keyEncipherment
	extendedKeyUsage = serverAuth,clientAuth
	subjectAltName = DNS:web.example.test
	[drop_client]
	keyUsage = digitalSignature,keyEncipherment,dataEncipherment
	extendedKeyUsage = serverAuth
	[rename]
	keyUsage = critical,digitalSignature,keyEncipherment,dataEncipherment
	extendedKeyUsage = serverAuth,clientAuth
	subjectAltName = DNS:WEB.example.test,DNS:www.example.test
	[noca]
	keyUsage = digitalSignature,keyCertSign
	extendedKeyUsage = serverAuth
	basicConstraints = CA:FALSE
	CONF
)
ca_new root --subj '/O=Example/CN=Root'
ca_new inter --ca root --subj '/O=Example/CN=Intermediate'
ca_new other --subj '/O=Example/CN=Other'
cp inter.pem inter.key ca
# sign CSR NAME [EXTENSIONS [OPTION...]]: NAME.pem; extensions other than `keep` come instead of those of the request
sign()
{
	local csr=$1 name=$2 ext=${3:-keep}
	shift 2
	[ $# = 0 ] || shift
	(
		cd ca
		[ "$ext" = keep ] || sed -i 's/^copy_extensions/#copy_extensions/' ca.cnf
		openssl ca -batch -notext -config ca.cnf -extensions "$ext" -in "../$csr" -out "../$name.pem" "$@" 2>>../openssl.log || exit
		sed -i 's/^#copy_extensions/copy_extensions/' ca.cnf
	) || broken "openssl ca does not sign $csr"
}
sign first.csr first
sign second.csr second
cat second.pem inter.pem root.pem >chain.pem
expect 2 T identity install CAPF second.pem
err_has 'no request for CAPF is pending'
# refused TEXT FILE...: install ends with TEXT and changes nothing
refused()
{
	local text=$1 before
	shift
	before=$(of '[i.get("sha256") for i in d], [i["csr_created"] for i in d]' identity list; ls -l store/keys 2>/dev/null || true; T history --json | sha256sum)
	expect 2 T identity install tomcat "$@"
	err_one_line
	err_has "$text"
	same "after a refusal" "$before" "$(of '[i.get("sha256") for i in d], [i["csr_created"] for i in d]' identity list; ls -l store/keys 2>/dev/null || true; T history --json | sha256sum)"
}
refused 'CA is not in tomcat-trust' chain.pem
T add CAPF-trust root.pem --quiet
refused 'CA is not in tomcat-trust' chain.pem
T add tomcat-trust root.pem other.pem --quiet
refused 'CA is not in tomcat-trust' second.pem # the intermediate one is missing
refused 'does not fit the key' first.pem
err_has "$(sha256_of first.pem | cut -c1-16)"
sign second.csr nodata drop_data
refused 'dropped the key usage dataEncipherment' nodata.pem inter.pem
sign second.csr noclient drop_client
refused 'dropped the extended key usage clientAuth' noclient.pem inter.pem
sign second.csr past keep -startdate 20200101000000Z -enddate 20210101000000Z
refused 'expired on 2021-01-01' past.pem inter.pem
sign second.csr future keep -startdate 20400101000000Z -enddate 20410101000000Z
refused 'valid only from 2040-01-01' future.pem inter.pem
refused missing.pem missing.pem
refused second.csr second.csr
ok "install refuses what does not fit, and changes nothing"

mv store/keys away
refused 'store/keys' chain.pem
mv away store/keys
refused 'none of the 3 certificates fits' first.pem inter.pem root.pem

expect 0 T identity install tomcat chain.pem
out_has '1 CA of its chain joined tomcat-trust'
same "in this order" '1. mixed mode: update the
2. give the HTTPS server
3. restart Tomcat; with SIP
4. then restart TFTP (deactivate
5. with several clusters: run
6. make a backup (truststore' "$(grep -E '^[0-9]\. ' out | cut -d' ' -f1-5)"
same "in use, nothing pending" '["'"$(sha256_of second.pem)"'", false, null]' \
	"$(of '[d[0]["sha256"], d[0]["self_signed"], d[0]["csr_created"]]' identity list)"
same "the intermediate one is trusted" '["APP-SERVER"]' "$(of 'd["roles"]' show --file inter.pem)"
same "by hand" hand "$(of 'd["memberships"][0]["origin"]' show --file inter.pem)"
expect 0 T explain --file second.pem
expect 0 T identity export tomcat --chain
same "chain without root" 2 "$(grep -c BEGIN out)"
cp out served.pem
openssl verify -CAfile root.pem -untrusted served.pem second.pem >/dev/null || fail "the exported chain does not lead to the root"
same "key and certificate" "$(openssl x509 -in second.pem -noout -pubkey)" "$(openssl pkey -in store/keys/*.pem -pubout)"
expect 2 T identity install tomcat chain.pem
err_has 'no request for tomcat is pending'
expect 0 T verify
ok "install takes certificate and key into use, with the CAs between it and a trusted one"

# --- with the chain in any order, from DER, other names, and the key kept when it is renewed
expect 0 T identity csr tomcat --cn new.example.test --san new.example.test b.example.test --out other.csr
out_has 'names in the request: CN=new.example.test (alternative names: new.example.test, b.example.test)'
out_has 'the certificate in use has others: CN='
expect 0 T identity csr tomcat --cn web.example.test --out third.csr --yes
sign third.csr third rename
openssl x509 -in third.pem -outform DER -out third.der
expect 0 T identity install tomcat inter.pem third.der
out_has 'other names than were asked for'
grep -qE '^- +DNS:www.example.test$' out || fail "no table of the differences"
! grep -q 'DNS:WEB' out || fail "upper case is no difference"
out_has "in the place of $(sha256_of second.pem)"
same "one key" 1 "$(ls store/keys | wc -l)"
same "key and certificate" "$(openssl x509 -in third.pem -noout -pubkey)" "$(openssl pkey -in store/keys/*.pem -pubout)"
expect 0 T identity csr tomcat --cn web.example.test --out fourth.csr
sign fourth.csr fourth rename
expect 0 T identity install tomcat fourth.pem inter.pem --json
same "differences" '[{"asked": null, "got": "DNS:www.example.test"}]' "$(json 'd["differences"]')"
expect 1 T explain --file third.pem
ok "other names than asked for are shown as a table"

# --- what a CA made is renewed by one that signs itself only after a yes; an expired one, too
before=$(of 'd[0]["sha256"]' identity list)
expect 2 T identity regenerate tomcat
err_has 'whose certificate a CA signed'
err_has '--yes'
same "as it was" "$before" "$(of 'd[0]["sha256"]' identity list)"
expect 0 T identity regenerate tomcat --yes
out_has "in the place of $before"
same "signs itself" true "$(of 'd[0]["self_signed"]' identity list)"
before=$(of 'd[0]["sha256"]' identity list)
TVS_CLOCK=+6000d expect 1 T explain "$before"
TVS_CLOCK=+6000d expect 0 T identity regenerate tomcat
out_has "in the place of $before"
expect 0 T verify
rm -rf store && T init >/dev/null && T add tomcat-trust root.pem other.pem --quiet
expect 0 T identity csr tomcat --cn web.example.test --out fourth.csr --overwrite
sign fourth.csr fourth rename
expect 0 T identity install tomcat fourth.pem inter.pem
ok "regenerate overwrites what a CA made after a yes, and what has expired"

# --- CAPF: keyCertSign, a CA, and no CAPF- in the names above
expect 0 T identity csr CAPF --out capf.csr --overwrite
sign capf.csr noca noca
T add CAPF-trust inter.pem --quiet
expect 2 T identity install CAPF noca.pem
err_has 'it is no CA'
ca_new badca --ca root --subj '/CN=CAPF-like CA'
(cd ca && cp ../badca.pem inter.pem && cp ../badca.key inter.key)
sign capf.csr capf
expect 2 T identity install CAPF capf.pem badca.pem
err_has '"CAPF-" in its common name'
cp inter.pem inter.key ca
sign capf.csr capf
expect 0 T identity install CAPF capf.pem
expect 0 T identity show CAPF --json
same "as openssl made it" '["digitalSignature", "keyCertSign"]' "$(json 'd["key_usage"]')"
ca_new stranger --subj '/CN=CAPF-of another cluster'
expect 0 T add CAPF-trust stranger.pem
ca_new above --subj '/CN=CAPF-above'
ca_new below --ca above --subj '/CN=Below'
T add CAPF-trust below.pem --quiet
cp below.pem ca/inter.pem && cp below.key ca/inter.key
expect 0 T identity csr CAPF --out capf.csr --overwrite
sign capf.csr capf
expect 0 T identity install CAPF capf.pem
expect 2 T add CAPF-trust above.pem
err_has "$(sha256_of above.pem | cut -c1-16)"
err_has '"CAPF-" in its common name'
cert_new friend --ext 'keyUsage=digitalSignature'
expect 2 T add CAPF-trust friend.pem above.pem
err_has "above.pem: line 1: certificate $(sha256_of above.pem | cut -c1-16)"
expect 1 T list --subject CN=friend
expect 0 T verify
ok "CAPF must be a CA; names with CAPF- are refused above it and nowhere else"

# --- export with the key
echo 'open sesame' >pass
chmod 600 pass
expect 2 T identity export tomcat --with-key
err_has '--passphrase-file'
expect 0 T identity export tomcat --with-key --passphrase-file pass --out full.pem
same "mode" 600 "$(stat -c %a full.pem)"
head -n 1 full.pem | grep -q 'BEGIN ENCRYPTED PRIVATE KEY' || fail "the key is not encrypted"
openssl asn1parse -in full.pem | grep -q PBES2 || fail "not PBES2"
same "openssl opens it" "$(openssl x509 -in fourth.pem -noout -pubkey)" "$(openssl pkey -in full.pem -passin file:pass -pubout)"
openssl pkey -in full.pem -passin pass:wrong -noout 2>/dev/null && fail "any passphrase opens it"
same "certificates" 2 "$(grep -c 'BEGIN CERTIFICATE' full.pem)"
printf '[store]\npath = %s/store\n[security]\nfips = yes\n' "$tmp" >fips.conf
expect 2 truststore --config fips.conf identity export tomcat --with-key --passphrase-file pass --out fips.pem
err_has 'at least 14 characters'
[ ! -e fips.pem ] || fail "a key under a short passphrase"
echo 'a good long passphrase' >pass
expect 0 truststore --config fips.conf identity export tomcat --with-key --passphrase-file pass --out fips.pem
expect 2 T identity export tomcat --with-key --format der
expect 2 T identity export tomcat --with-key --csr
expect 0 T identity export tomcat
! grep -q KEY out || fail "a key nobody asked for"
ok "the key leaves only when asked for, and encrypted"
