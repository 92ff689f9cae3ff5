#!/bin/bash
# Own certificates whose key is in a PKCS#11 token (SoftHSM2): made there, used from there, never out of there.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl softhsm2-util p11tool
T() { truststore --store "$tmp/store" "$@"; }
of() { T "${@:2}" --json >of.json || true; json "$1" of.json; }
export SOFTHSM2_CONF=$tmp/softhsm.conf
mkdir tokens
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$tmp" >softhsm.conf
softhsm2-util --init-token --free --label tvs --pin 123456 --so-pin 12345678 >softhsm.log 2>&1 || broken "softhsm2-util"
p11tool --list-tokens 2>/dev/null | grep -q 'token=tvs' || skip "p11-kit does not know SoftHSM"
printf 123456 >pin
chmod 600 pin
token="pkcs11:token=tvs?pin-source=$tmp/pin"
T init >/dev/null

objects() { GNUTLS_PIN=123456 p11tool --login --batch --list-privkeys 'pkcs11:token=tvs' 2>/dev/null | grep -c '^Object' || true; }
expect 2 T identity new TVS --cn tvs --token 'pkcs11:token=tvs?pin-value=123456'
err_one_line
err_has 'pin-source'
! grep -q 123456 err || fail "the PIN stands in the message"
expect 2 T identity new TVS --cn tvs --token 'pkcs11:token=nowhere'
err_one_line
expect 2 T identity new TVS --cn tvs --token /dev/token
err_has 'no PKCS#11 URI'
printf 000000 >wrong
chmod 600 wrong
expect 2 T identity new TVS --cn tvs --token "pkcs11:token=tvs?pin-source=$tmp/wrong"
err_one_line
same "objects" 0 "$(objects)"
expect 1 T identity list
ok "a PIN in the URI, another token, a wrong PIN: refused"

for purpose in TVS:RSA CallManager-ECDSA:ECDSA; do
	name=${purpose%:*}
	expect 0 T identity new "$name" --cn "$name.example.test" --token "$token"
	expect 0 T identity export "$name" --out "$name.pem"
	openssl verify -CAfile "$name.pem" "$name.pem" >/dev/null 2>&1 || fail "openssl verify refuses $name"
	uri=$(of 'd["key"]' identity show "$name")
	case $uri in
	"pkcs11:token=tvs;id=%"*";type=private?pin-source=$tmp/pin") ;;
	*) fail "the key's URI is $uri" ;;
	esac
done
same "objects" 2 "$(objects)"
[ ! -e store/keys ] || fail "keys in files"
! grep -aq 123456 store/data.mdb || fail "the PIN is in the store"
expect 2 T identity export TVS --with-key --passphrase-file pin
err_has 'does not give it out'
ok "keys are made in the token, RSA and EC"

expect 0 T identity csr tomcat --cn web.example.test --token "$token" --out csr.pem
openssl req -in csr.pem -noout -verify >/dev/null 2>&1 || fail "openssl req -verify refuses the request"
ca_new ca
T add tomcat-trust ca.pem --quiet
openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -copy_extensions copyall -days 30 -out web.pem 2>>openssl.log
expect 0 T identity install tomcat web.pem
same "installed" "$(sha256_of web.pem)" "$(of '[i["sha256"] for i in d if i["identity"] == "tomcat"][0]' identity list)"
expect 0 T identity regenerate TVS
new=$(of 'd["key"]' identity show TVS)
case $new in
"pkcs11:token=tvs;id=%"*";type=private?pin-source=$tmp/pin") ;;
*) fail "the new key's URI is $new" ;;
esac
same "objects: old keys in a token are left to the administrator" 4 "$(objects)"
expect 0 T identity new TVS --cn tvs.example.test --yes
same "back to a file" 1 "$(ls store/keys | wc -l)"
expect 0 T verify
ok "request, installation and renewal with keys in the token"
