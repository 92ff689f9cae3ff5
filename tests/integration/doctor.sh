#!/bin/bash
# truststore doctor: silent about a healthy installation; each thing that is wrong is found, by its own check.
TEST_LIMIT=300
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3
make_store
T() { truststore --store "$tmp/store" "$@"; }
make_conf tvs.conf
D() { truststore --config tvs.conf doctor "$@"; }
printf 'a good passphrase\n' >pass
chmod 600 pass
# as the advice has it after each change of an own certificate
saved() { T --quiet backup saved.bak --with-keys --passphrase-file pass --overwrite; }
start_tvsd tvs.conf
certmon --config tvs.conf run >certmon.log 2>&1 || fail "certmon run"
expect 0 D
out_has 'note: backup: no backup with private keys was made'
saved
expect 0 D
out_has 'nothing was found'
expect 0 D --json
same "no findings" '[]' "$(json d)"
ok "a healthy installation"

# found SEVERITY CHECK TEXT [COUNT]: the findings are of this check and severity, and one has the text; a note is no fault
found()
{
	local code=1
	[ "$1" != note ] || code=0
	[ "$2" = backup ] || saved 2>/dev/null || true
	expect "$code" D --json
	same "$2: severity and check" "$1 $2" "$(json '" ".join(sorted({x["severity"] + " " + x["check"] for x in d}))')"
	TEXT=$3 json 'any(__import__("os").environ["TEXT"] in x["what"] for x in d) and all(x["todo"] for x in d)' >has
	same "$2: says $3" true "$(cat has)"
	[ -z "${4:-}" ] || same "$2: count" "$4" "$(json 'len(d)')"
	expect "$code" D
	grep -q "^$1: $2: " out || fail "no line for $2"
}
healthy() { saved && expect 0 D && out_has 'nothing was found'; }

TVS_CLOCK=-1h saved
found note backup 'the last backup with private keys is of' 1
T --quiet backup nokeys.bak --overwrite 2>/dev/null
found note backup 'the own certificate for TVS of' 1
healthy
ok "a backup with keys that is older than an own certificate"

chmod 644 store/keys/*.pem
found error modes 'its mode is 0644' 1
chmod 600 store/keys/*.pem
chmod 755 store/keys
found error modes 'its mode is 0755' 1
chmod 700 store/keys
chmod 664 store/data.mdb
found error modes data.mdb 1
chmod 660 store/data.mdb
chmod 755 store
found error modes "$store" 1
chmod 750 store
healthy
ok "modes"

key=$(echo store/keys/*.pem)
mv "$key" key.away
found error identities TVS 1
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$key"
chmod 600 "$key"
found error identities 'does not fit' 1
mv key.away "$key"
healthy
T identity csr TVS --cn tvs.example.test --out tvs.csr >/dev/null
healthy
for one in store/keys/*.pem; do [ "$one" = "$key" ] || mv "$one" key.away; done
found warning identities 'the pending request for TVS' 1
mv key.away "store/keys/$(openssl pkey -in key.away -pubout -outform DER | sha256sum | cut -d' ' -f1).pem"
healthy
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out store/keys/spare.pem
chmod 600 store/keys/spare.pem
found note keys 'spare.pem: a private key that belongs to no own certificate' 1
rm store/keys/spare.pem
healthy
ok "keys that are missing, do not fit or belong to nobody, of certificates and of requests"

T --json identity show TVS >own.json
own=$(json 'd["sha256"]' own.json)
T block "$own" >/dev/null 2>&1
found error identities 'the own certificate for TVS is blocked' 1
T unblock "$own" >/dev/null
healthy
ok "an own certificate that is blocked"

cert_new weak --key rsa:1024
cert_new small --key rsa:2048
openssl req -x509 -key small.key -sha1 -subj /CN=sha1root -days 300 -out sha1root.pem 2>/dev/null
openssl req -new -key small.key -subj /CN=sha1 -out sha1.csr 2>/dev/null
openssl x509 -req -in sha1.csr -CA sha1root.pem -CAkey small.key -sha1 -days 300 -out sha1.pem 2>/dev/null
T add tomcat-trust weak.pem >/dev/null 2>&1
found warning trusted 'weak key: RSA of 1024 bits' 1
T remove tomcat-trust "$(sha256_of weak.pem)" >/dev/null
T add tomcat-trust sha1root.pem >/dev/null 2>&1
healthy
T add tomcat-trust sha1.pem >/dev/null 2>&1
found note trusted 'weak hash' 1
T remove tomcat-trust "$(sha256_of sha1.pem)" "$(sha256_of sha1root.pem)" >/dev/null 2>&1
cert_new mic --subj '/CN=Cisco Manufacturing CA SHA2' --key rsa:2048
T add CAPF-trust mic.pem >/dev/null
healthy
T add CallManager-trust mic.pem >/dev/null
found warning mic 'is in CallManager-trust' 1
T remove CallManager-trust "$(sha256_of mic.pem)" >/dev/null
for i in {1..38}; do cert_new "n$i" --key key=small.key; cat "n$i.pem"; done >many.pem
T add Phone-SAST-trust many.pem >/dev/null
found warning trust-list '40 certificates' 1
T remove Phone-SAST-trust "$(sha256_of n1.pem)" >/dev/null
healthy
ok "weak certificates, phones' roots, a trust list of 40; not of 39"

T identity new CallManager --cn cm.example.test >/dev/null
T remove Phone-SAST-trust "$(sha256_of n2.pem)" >/dev/null
found note anchors 'within 30 days of each other'
days=$((5 * 365 - 60))
TVS_CLOCK=+${days}d truststore --config tvs.conf doctor --json >out 2>err || true
same "near the end" true "$(json 'any(x["check"] == "anchors" and x["severity"] == "warning" for x in d)')"
TVS_CLOCK=+$((5 * 365 - 5))d truststore --config tvs.conf doctor --json >out 2>err || true
same "soon" true "$(json 'sum(x["check"] == "identities" and x["severity"] == "warning" and "expires soon" in x["what"] for x in d) == 2')"
TVS_CLOCK=+$((5 * 365 + 5))d truststore --config tvs.conf doctor --json >out 2>err || true
same "over" true "$(json 'sum(x["check"] == "identities" and x["severity"] == "error" and "has expired" in x["what"] for x in d) == 2')"
TVS_CLOCK=2020-01-01 truststore --config tvs.conf doctor --json >out 2>err || true
same "clock" 2 "$(json 'sum(x["check"] == "clock" and x["severity"] == "error" for x in d)')"
ok "expiry, anchors that expire together, the clock"

rm -rf store
make_store
certmon --config tvs.conf run >certmon.log 2>&1
stop "$tvsd_pid"
found error service 'does not answer' 1
start_tvsd tvs.conf
healthy
truststore --store "$store" identity new TVS --cn tvs --yes --force >/dev/null 2>&1 || true
healthy # at once: a daemon that has not taken it up yet is given a moment
ok "a service that is down, or has just now another certificate to take up"

# further listeners, each by itself
second=$(free_port)
cp tvs.conf good.conf
legacy() { { cat good.conf; printf '[tvsd legacy]\nlisten = 127.0.0.1:%s\n' "$second"; printf '%s\n' "$@"; } >tvs.conf; }
reload() { kill -HUP "$tvsd_pid"; wait_for 20 "$@" || fail "not taken up: $*"; }
tls() { timeout 5 openssl s_client -connect "127.0.0.1:$second" -cipher ALL:@SECLEVEL=0 "$@" </dev/null 2>/dev/null | grep -q 'BEGIN CERTIFICATE'; }
legacy 'min-tls = 1.0'
found error service '[tvsd legacy]: TVS does not answer' 1 # tvsd was not told yet
reload tls -tls1
healthy
legacy 'min-tls = 1.2'
found error service 'speaks an older TLS than TLS1.2' 1
legacy 'min-tls = 1.0' 'ciphers = AES128-SHA'
found error service 'that its ciphers do not name' 1
reload not tls -tls1_2 -cipher AES256-SHA
healthy
legacy 'min-tls = 1.0' 'ciphers = AES256-GCM-SHA384'
reload not tls -tls1
found warning service 'does not speak TLS1.0' 1
legacy 'ciphers = NO+SUCH:SUITE'
found error service 'invalid Cipher String' 1
legacy 'min-tls = 1.3' 'client-certificate = require'
reload not tls -tls1_2
healthy
legacy 'allow-from = 192.0.2.0/24'
reload not tls
found note service 'perhaps because of its allow-from' 1
cp good.conf tvs.conf
reload not port_open "$second"
healthy
ok "further listeners: address, certificate, oldest TLS, cipher suites, networks"

# a certificate that is not the store's
cert_new soon --key rsa:2048 --days 10
{ cat good.conf; printf 'certificate = %s\nkey = %s\n' "$tmp/soon.pem" "$tmp/soon.key"; } >tvs.conf
chmod 600 soon.key
found error service 'the stored one is' 1 # the daemon was not told
reload sh -c "openssl s_client -connect 127.0.0.1:$port </dev/null 2>/dev/null | grep -q CN.=.soon"
found warning service 'presents a certificate that expires soon' 1
chmod 640 soon.key
expect 1 D
out_has "error: modes: [tvsd] key: $tmp/soon.key: its mode is 0640"
chmod 600 soon.key
cp good.conf tvs.conf
reload D
ok "a certificate and a key in files; another one is presented"

secret() { printf '%s\n' "$@" >>tvs.conf; }
secret '[security]' 'fips = yes'
found note policy 'no validated module' 1
openssl req -x509 -key weak.key -subj /CN=short -days 300 -addext 'extendedKeyUsage=serverAuth' -out short.pem 2>/dev/null
T add tomcat-trust short.pem >/dev/null 2>&1
expect 1 D --json
same "forbidden by fips" '[["warning", true]]' "$(json '[[x["severity"], "CN=short" in x["what"] and "2048 bits" in x["what"]] for x in d if x["check"] == "policy" and x["severity"] != "note"]')"
T remove tomcat-trust "$(sha256_of short.pem)" >/dev/null
cp good.conf tvs.conf
T identity new tomcat --cn web.example.test --bits 1024 >/dev/null 2>&1
secret '[security]' 'fips = yes'
expect 1 D --json
same "an own one" '["error"]' "$(json '[x["severity"] for x in d if x["check"] == "policy" and "the own certificate" in x["what"]]')"
T identity new tomcat --cn web.example.test --yes >/dev/null 2>&1
expect 0 D --json
cp good.conf tvs.conf
secret '[security]' 'common-criteria = yes'
cert_new noserver --key key=small.key --ext 'keyUsage=digitalSignature'
T add tomcat-trust noserver.pem >/dev/null 2>&1
expect 1 D --json
same "forbidden by common-criteria" '["warning"]' "$(json '[x["severity"] for x in d if x["check"] == "policy" and "serverAuth" in x["what"]]')"
T remove tomcat-trust "$(sha256_of noserver.pem)" >/dev/null
cp good.conf tvs.conf
echo geheim >password
chmod 644 password
secret '[bulk]' "password-file = $tmp/password"
found error secrets 'password' 1
chmod 600 password
healthy
ssh_key() { ssh-keygen -q -t "$1" -N '' -f "ssh.$1" "${@:2}"; }
if command -v ssh-keygen >/dev/null; then
	ssh_key rsa
	ssh_key ed25519
	secret 'directory = sftp://user@host/path' "key = $tmp/ssh.rsa"
	found warning sftp-key 'RSA' 1
	sed -i 's/ssh\.rsa/ssh.ed25519/' tvs.conf
	healthy
fi
cp good.conf tvs.conf
ca_new ca
cert_new leaf --ca ca
T add tomcat-trust leaf.pem >/dev/null
healthy
secret '[ocsp]' 'enable = yes'
found warning ocsp never 1
cp good.conf tvs.conf
TVS_CLOCK=+5d truststore --config tvs.conf doctor --json >out 2>err || true
same "certmon" '["certmon"]' "$(json '[x["check"] for x in d]')"
secret 'nonsense' '[unknown]'
expect 1 D
grep -q '^error: configuration: tvs.conf:' out || fail "the configuration's mistake is not found"
cp good.conf tvs.conf
ok "settings, secrets, SFTP keys, revocation checks, certmon"

expect 1 truststore --store "$tmp/none" doctor
out_has 'error: store:'
stop "$tvsd_pid"
python3 - store/data.mdb <<'PYTHON'
import sys
f = open(sys.argv[1], "r+b")
b = f.read()
i = b.rindex(b"CN=leaf")
f.seek(i); f.write(b"CN=lead")
PYTHON
expect 1 D
grep -q '^error: verify: ' out || fail "a damaged record is not found"
echo nonsense >store/data.mdb
expect 1 D
grep -q '^error: store: ' out || fail "a damaged store is not found"
ok "a store that is missing or damaged"
