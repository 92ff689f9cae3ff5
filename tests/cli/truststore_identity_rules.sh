#!/bin/bash
# truststore identity regenerate, the interlock of the phones' anchors, own certificates that nothing displaces, and the modes.
TEST_LIMIT=300
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3 script
T() { truststore --store "$tmp/store" "$@"; }
of() { T "${@:2}" --json >of.json || true; json "$1" of.json; }
own() { of "[i['sha256'] for i in d if i['identity'] == '$1'][0]" identity list; }
T init >/dev/null
base=2026-11-20
export TVS_CLOCK=${base}T00:00:00Z
for purpose in TVS CallManager ITLRecovery tomcat; do
	T identity new $purpose --cn "$purpose.example.test" --quiet
done

# --- regenerate
expect 2 T identity regenerate CAPF
err_has 'identity new CAPF'
expect 0 T identity new tomcat --cn web.example.test --san a.example.test 192.0.2.1 --bits 3072 --yes
err_has 'may not register'
old=$(own tomcat)
export TVS_CLOCK=${base}T01:00:00Z
expect 0 T identity regenerate tomcat
out_has "in the place of $old"
out_has '2. restart Tomcat'
out_has '3. then restart TFTP'
expect 0 T identity export tomcat --out tomcat.pem
openssl x509 -in tomcat.pem -noout -text >text
for same in 'Subject: CN = web.example.test' 'DNS:a.example.test, IP Address:192.0.2.1' 'Public-Key: (3072 bit)'; do
	grep -qF "$same" text || fail "after regenerate openssl lacks $same"
done
expect 1 T explain "$old"
same "one key each" 4 "$(ls store/keys | wc -l)"
expect 2 T identity regenerate ITLRecovery
err_has '--yes'
err_has 'renew it seldom'
ok "regenerate keeps names and length, and says what else is to be done"

# --- the interlock: 7 days between two of TVS, CallManager, ITLRecovery
export TVS_CLOCK=${base}T02:00:00Z
before=$(own TVS)
expect 0 T identity regenerate TVS
out_has 'nothing to restart'
same "renewed" "${base}T02:00:00Z" "$(of '[i["renewed"] for i in d if i["identity"] == "TVS"][0]' identity list)"
# locked COMMAND...: the interlock refuses it
locked()
{
	local state
	state=$(T identity list --json | sha256sum; ls store/keys)
	expect 2 T identity "$@"
	err_one_line
	err_has "TVS was renewed at ${base}T02:00:00Z"
	err_has 'safe from 2026-11-27T02:00:00Z on'
	err_has '--force'
	same "after a refusal" "$state" "$(T identity list --json | sha256sum; ls store/keys)"
}
locked regenerate CallManager
locked new CallManager --cn other --yes
locked regenerate ITLRecovery --yes --quiet
expect 0 T identity csr CallManager --cn cm.example.test --out cm.csr
ca_new ca --from 20260101000000Z --until 20360101000000Z
T add CallManager-trust ca.pem --quiet
openssl req -in cm.csr -noout -text | grep -q 'CN = cm.example.test' || fail "no request"
openssl x509 -req -in cm.csr -CA ca.pem -CAkey ca.key -copy_extensions copyall -days 30 -out cm.pem 2>>openssl.log
export TVS_CLOCK=+0
now=$(date +%s)
export TVS_CLOCK=@$((now + 60))
T identity regenerate TVS --quiet
expect 2 T identity install CallManager cm.pem
err_has 'TVS was renewed at'
expect 0 T identity regenerate tomcat # is no anchor
expect 0 T identity regenerate TVS    # the same one again
expect 0 T identity new CallManager-ECDSA --cn ec.example.test
expect 0 T identity regenerate CallManager-ECDSA
expect 0 T explain "$(own TVS)"
ok "a second anchor is not renewed before phones know the first new one"

export TVS_CLOCK=@$((now + 60 + 7 * 86400 - 1))
expect 2 T identity install CallManager cm.pem
export TVS_CLOCK=@$((now + 60 + 7 * 86400))
expect 0 T identity install CallManager cm.pem
out_has 'utils ctl update CTLFile'
expect 2 T identity regenerate ITLRecovery --yes
err_has 'CallManager was renewed'
printf '[store]\npath = %s\n[truststore]\nanchor-wait = 1h\n' "$tmp/store" >short.conf
TVS_CLOCK=@$((now + 60 + 7 * 86400 + 3601)) expect 0 truststore --config short.conf identity regenerate ITLRecovery --yes
ok "after the waiting time it is; anchor-wait says how long that is"

# --- --force with a typed confirmation
export TVS_CLOCK=@$((now + 60 + 8 * 86400))
expect 2 T identity regenerate TVS
err_has 'was renewed at'
expect 2 T identity regenerate TVS --force
err_has 'pass --yes as well'
# typed TEXT: regenerate TVS --force on a terminal, where TEXT is typed
typed()
{
	before=$(own TVS)
	script -qec "truststore --store '$tmp/store' identity regenerate TVS --force" typescript >/dev/null <<<"$1" || true
	[ "$(own TVS)" != "$before" ]
}
! typed yes || fail "any word confirms"
grep -q 'type its name' typescript || fail "no question on the terminal"
! typed '' || fail "no word confirms"
typed TVS || fail "its name does not confirm"
expect 0 T identity regenerate CallManager --force --yes
err_has 'was renewed at'
ok "--force asks for the name to be typed, or for --yes where there is no terminal"

# --- the old anchor stays for the waiting time, with its roles
export TVS_CLOCK=@$((now + 60 + 30 * 86400))
old=$(own CallManager)
same "roles before" '["SAST", "CCM", "TFTP"]' "$(of 'd["roles"]' explain "$old")"
expect 0 T identity regenerate CallManager --force --yes
for at in +0s +6d; do
	same "roles $at later" '["SAST", "CCM", "TFTP"]' "$(of 'd["roles"]' explain "$old" --at $at)"
done
same "roles after the waiting time" '[]' "$(of 'd["roles"]' explain "$old" --at +7d)"
same "no own certificate any more" trust "$(of 'd["usage"]' show "$old")"
export TVS_CLOCK=@$((now + 60 + 60 * 86400))
old=$(own CallManager)
expect 0 T identity new CallManager --cn renamed.example.test --yes --force
same "with another name, too" '["SAST", "CCM", "TFTP"]' "$(of 'd["roles"]' explain "$old" --at +6d)"
same "and then no more" unknown "$(of 'd["reason"]' explain "$old" --at +7d)"
expect 0 T verify
ok "the old certificate of an anchor stays in its stores for that time"

# --- own certificates are displaced by nothing that is added
unset TVS_CLOCK
rm -rf store && T init >/dev/null
T identity new TVS --cn tvs.example.test --quiet
own=$(own TVS)
cert_new usurper --subj /CN=tvs.example.test --from "$(date -u -d '-1 hour' +%Y%m%d%H%M%SZ)" --until 20400101000000Z --ext 'keyUsage=digitalSignature'
cert_new later --subj /CN=tvs.example.test --from "$(date -u -d '+1 hour' +%Y%m%d%H%M%SZ)" --until 20400101000000Z --ext 'keyUsage=digitalSignature'
for one in usurper later; do
	expect 2 T add TVS-trust $one.pem
	err_one_line
	err_has 'own certificate'
	err_has "${own:0:16}"
done
cert_new friend --ext 'keyUsage=digitalSignature'
expect 2 T add TVS-trust later.pem friend.pem
err_has "later.pem: line 1: certificate $(sha256_of later.pem | cut -c1-16)"
expect 1 T list --subject CN=friend
expect 0 T add TVS-trust usurper.pem friend.pem
out_has "skipped $(sha256_of usurper.pem | cut -c1-16)"
expect 0 T explain "$own"
expect 2 T remove TVS-trust "$own"
err_has 'own certificate'
T stores set TVS-trust --same-subject keep >/dev/null
expect 0 T add TVS-trust later.pem
ok "an own certificate is displaced by nothing that is added"

# --- modes
printf '[store]\npath = %s\n[security]\nfips = yes\n' "$tmp/store" >fips.conf
printf '[store]\npath = %s\n[security]\ncommon-criteria = yes\n' "$tmp/store" >cc.conf
F() { truststore --config fips.conf "$@"; }
C() { truststore --config cc.conf "$@"; }
expect 2 F identity new tomcat --bits 1024
err_has 'fips forbids RSA keys of less than 2048 bits'
expect 2 F identity csr tomcat --hash sha1
err_has 'fips forbids SHA-1'
expect 0 T identity new tomcat --bits 1024 --hash sha1 --cn weak.example.test
err_has 'weak'
expect 2 F identity regenerate tomcat
err_has 'fips forbids'
expect 0 F identity new tomcat --cn strong.example.test --yes
cert_new ed --key ed25519 --ext 'keyUsage=digitalSignature'
cert_new small --key rsa:1024 --ext 'keyUsage=digitalSignature'
cert_new odd --key ec:secp256k1 --ext 'keyUsage=digitalSignature'
ca_new ca2
cert_new leaf --ca ca2 --ext 'keyUsage=digitalSignature'
openssl req -new -key leaf.key -subj /CN=sha1 -out sha1.csr 2>>openssl.log
openssl x509 -req -in sha1.csr -CA ca2.pem -CAkey ca2.key -sha1 -days 30 -extfile <(echo 'keyUsage=digitalSignature') -out sha1.pem 2>>openssl.log
openssl req -x509 -key ca2.key -sha1 -subj /CN=sha1root -days 30 -addext 'basicConstraints=CA:TRUE' -out sha1root.pem 2>>openssl.log
for one in 'ed kind of key' 'odd kind of key' 'small less than 2048 bits' "sha1 signature's hash"; do
	expect 2 F add IPSec-trust "${one%% *}.pem"
	err_has "fips forbids"
	err_has "${one#* }"
	err_has "$(sha256_of "${one%% *}.pem" | cut -c1-16)"
done
expect 2 F add IPSec-trust leaf.pem sha1root.pem ed.pem
err_has "ed.pem: line 1: certificate $(sha256_of ed.pem | cut -c1-16)"
err_has "fips forbids"
same "nothing was added" 0 "$(of 'len(d)' list IPSec-trust)"
expect 0 F add IPSec-trust leaf.pem sha1root.pem
for one in ed small odd sha1; do
	expect 0 T add IPSec-trust $one.pem
done
ok "fips refuses hashes, lengths and kinds of keys that are not approved"

openssl req -new -key leaf.key -subj /CN=v1 -out v1.csr 2>>openssl.log
openssl x509 -req -in v1.csr -CA ca2.pem -CAkey ca2.key -days 30 -out v1.pem 2>>openssl.log
cert_new client --subj /CN=client --ext 'extendedKeyUsage=clientAuth'
cert_new server --subj /CN=server --ext 'extendedKeyUsage=serverAuth,clientAuth'
expect 2 C add Phone-SAST-trust v1.pem
err_has 'version 3'
for one in client leaf; do
	expect 2 C add tomcat-trust $one.pem
	err_has 'common-criteria wants the extended key usage serverAuth'
done
expect 0 C add tomcat-trust server.pem
expect 0 C add tomcat-trust ca2.pem
expect 0 C add Phone-SAST-trust leaf.pem
expect 0 T add tomcat-trust client.pem v1.pem
expect 1 C explain --file leaf.pem --json
same "unchecked revocation" revocation-unknown "$(json 'd["reason"]')"
expect 0 T explain --file leaf.pem
# what is in use is judged when it is used: a daemon does not present what its mode forbids
expect 0 tvsd --check --config fips.conf
expect 0 tvsd --check --config cc.conf
expect 0 T identity new TVS --cn tvs.example.test --bits 1024 --yes
expect 0 tvsd --check --config cc.conf
expect 2 tvsd --check --config fips.conf
grep -q 'fips forbids RSA keys of less than 2048 bits' out err || fail "no reason"
printf '[tvsd]\ncertificate = %s/client.pem\nkey = %s/client.key\n' "$tmp" "$tmp" >>cc.conf
chmod 600 client.key
expect 2 tvsd --check --config cc.conf
grep -q 'serverAuth' out err || fail "no reason"
sed 's/client/server/' cc.conf >server.conf
chmod 600 server.key
expect 0 tvsd --check --config server.conf
ok "common-criteria wants version 3 and serverAuth, and lets no unknown revocation pass"
