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
expect 0 T backup none.bak # a backup with keys would not have them either
! grep -q -e --with-keys err || fail "--with-keys is recommended where it adds nothing"
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

# a backup: the key in a file is in it, encrypted; those of the token are named as left out, and restore says what is missing
rm -rf store tokens/* && softhsm2-util --init-token --free --label tvs --pin 123456 --so-pin 12345678 >>softhsm.log 2>&1
T init >/dev/null
expect 0 T identity new TVS --cn tvs.example.test --token "$token"
expect 0 T identity csr CallManager --cn cm.example.test --token "$token" --out cm.csr
expect 0 T identity new tomcat-ECDSA --cn web.example.test
uri=$(of 'd["key"]' identity show TVS)
echo 'a good long passphrase' >pass
chmod 600 pass
expect 0 T backup token.bak --with-keys --passphrase-file pass
out_has '1 private key'
err_has "not in the backup, because it is on a token: the private key $uri"
same "both keys of the token" 2 "$(grep -c 'on a token' err)"
expect 0 T backup token.bak --with-keys --passphrase-file pass --json --overwrite
same "in it and not in it" true "$(json 'len(d["keys"]) == 1 and d["keys"][0].endswith(".pem") and len(d["keys_not_included"]) == 2 and "'"$uri"'" in d["keys_not_included"]')"
same "keys in the file" 1 "$(grep -ac 'BEGIN ENCRYPTED PRIVATE KEY' token.bak)"
! grep -aq 'BEGIN PRIVATE KEY' token.bak || fail "a key without encryption"
! grep -aq 123456 token.bak || fail "the PIN is in the backup"
U() { truststore --store "$tmp/other" "$@"; }
expect 0 U restore token.bak --passphrase-file pass --json
same "the token is here" '[1, []]' "$(json '[d["keys_written"], d["warnings"]]')"
expect 0 U verify
same "its key" "$uri" "$(truststore --store other identity show TVS --json >out; json 'd["key"]')"
make_used() { printf '[store]\npath = %s\n[tvsd]\nlisten = 127.0.0.1:%s\n' "$tmp/other" "$(free_port)" >other.conf; tvsd --check --config other.conf; }
expect 0 make_used
rm -rf other
mv tokens away && mkdir tokens
expect 0 U restore token.bak --passphrase-file pass
err_has 'the private key of the own certificate for TVS is on a token, no backup has it, and it cannot be used here'
same "what is missing" 1 "$(wc -l <err)"
expect 0 U verify
rmdir tokens && mv away tokens
expect 0 make_used # as soon as the token is there
ok "a backup leaves out what is on the token and says so, restore says what is missing here"
