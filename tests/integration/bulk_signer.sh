#!/bin/bash
# A cluster with one certificate that signs renews it, and again: the old one names the new one while its key is still there, and the other
# clusters take it over from that, however it was renewed, and only then.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3

mkdir place
# cluster NAME: store and settings
cluster()
{
	printf '[store]\npath = %s\n[bulk]\ncluster = %s\ndirectory = %s\n' "$tmp/$1" "$1" "$tmp/place" >"$1.conf"
	truststore --config "$1.conf" --quiet init
}
T() { truststore --config "$1.conf" "${@:2}"; }
own()
{
	T "$1" identity export "$2" | openssl x509 -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1
}
# export_new CLUSTER NAME: an export with something new in it
export_new()
{
	cert_new "$2"
	T "$1" --quiet add tomcat-trust "$2.pem"
	expect 0 T "$1" bulk export --type tomcat
}
# taken NAME: a's next import has that certificate
taken()
{
	expect 0 T a bulk sync --type tomcat </dev/null
	expect 0 T a explain --file "$1.pem"
}
statements()
{
	json 'len(d["successors"])' "$(ls place/b-tomcat-*.json | tail -n 1)"
}

for name in a b c; do cluster $name; done
T a --quiet identity new ITLRecovery --cn 'recovery a' >/dev/null
T b --quiet identity new ITLRecovery --cn 'recovery b' >/dev/null
T c --quiet identity new CallManager --cn 'ucm c' >/dev/null
first=$(own b ITLRecovery)
export_new b one
same 'statements of a signer that was never renewed' 0 "$(statements)"
export_new c other
expect 0 T a bulk consolidate --type tomcat --signer "$first" --signer "$(own c CallManager)"
taken one
taken other
ok "two clusters are known"

# --- one renewal
expect 0 T b identity regenerate ITLRecovery --yes
! grep -q 'by hand' err || fail "a warning without a reason"
second=$(own b ITLRecovery)
[ "$first" != "$second" ] || fail "not renewed"
export_new b two
same 'statements' 1 "$(statements)"
manifest=$(ls place/b-tomcat-*.json | tail -n 1)
json 'd["successors"][0]["old"] + d["successors"][0]["new"]' "$manifest" >found
same 'who follows whom' "$first$second" "$(cat found)"
# the statement is what FORMAT.md says: openssl verifies it
printf 'tvs-bulk-successor 1\nold %s\nnew %s\n' "$first" "$second" >text
json '__import__("base64").b64decode(d["successors"][0]["signature"]).hex()' "$manifest" | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' >text.p7s
openssl cms -verify -binary -inform DER -in text.p7s -content text -noverify -signer signer.pem -out /dev/null 2>openssl.log || fail "openssl does not verify the statement"
same 'who signed it' "$first" "$(sha256_of signer.pem)"
taken two
T a history >log
grep -q '  signer  .*  signer of cluster b accepted, as the one before it announced' log || fail "the change log does not say why"
ok "one renewal"

# --- two between exports; the second by another command, with the key in another place
expect 0 T b identity regenerate ITLRecovery --yes
expect 0 T b identity new ITLRecovery --cn 'recovery b' --yes
third=$(own b ITLRecovery)
export_new b three
same 'statements' 3 "$(statements)"
taken three
ok "two renewals between exports"

# --- CallManager alone, made by itself and then by a CA
expect 0 T c identity regenerate CallManager --yes
export_new c four
taken four
ca_new ca
T c --quiet add CallManager-trust ca.pem
expect 0 T c identity csr CallManager --cn 'ucm c' --out csr.pem --yes
openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -copy_extensions copyall -days 30 -out ucm.pem 2>>openssl.log
expect 0 T c identity install CallManager ucm.pem --force --yes
same 'installed' "$(sha256_of ucm.pem)" "$(own c CallManager)"
export_new c five
taken five
ok "CallManager alone, also by a CA"

# --- what somebody else may state
cert_new evil
evil=$(sha256_of evil.pem)
# forge OLD NEW KEYNAME: b's last export under the next number, signed by evil, with the statement that NEW follows OLD, signed by KEYNAME
forge()
{
	printf 'tvs-bulk-successor 1\nold %s\nnew %s\n' "$1" "$2" >text
	openssl cms -sign -binary -in text -signer "$3.pem" -inkey "$3.key" -outform DER -out text.p7s
	put_forged "$1" "$2"
}
put_forged()
{
	rm -rf place
	cp -a good place
	python3 - "$1" "$2" <<-'PYTHON'
	import base64, glob, json, os, sys
	path = sorted(glob.glob("place/b-tomcat-*.json"))[-1]
	d = json.load(open(path))
	old = "%08d" % d["sequence"]
	d["sequence"] += 1
	d["successors"] = [{"old": sys.argv[1], "new": sys.argv[2], "signature": base64.b64encode(open("text.p7s", "rb").read()).decode()}]
	to = path.replace(old, "%08d" % d["sequence"])
	json.dump(d, open(to, "w"))
	os.link(path[:-5] + ".p12", to[:-5] + ".p12")
	open("forged", "w").write(to[:-5])
	PYTHON
	openssl cms -sign -binary -in "$(cat forged).json" -signer evil.pem -inkey evil.key -outform DER -out "$(cat forged).p7s"
}
refused()
{
	local before
	before=$(T a --json stores)
	expect 2 T a bulk consolidate --type tomcat
	err_has "$1"
	err_one_line
	same 'the store' "$before" "$(T a --json stores)"
}
cp -a place good
forge "$third" "$evil" evil
refused "it says that the certificate $third is followed by $evil, but the first did not sign that"
head -c 100 /dev/urandom >text.p7s
put_forged "$third" "$evil"
refused 'but the first did not sign that'
forge "$evil" "$evil" evil
refused "Cluster b signs with CN=evil"
# a real statement, of another cluster: c's signer may name whom it likes, but not for b
cert_new helper
forge "$(own c CallManager)" "$evil" helper
refused "Cluster b signs with CN=evil"
manifest=$(ls good/c-tomcat-*.json | tail -n 1)
json '__import__("base64").b64decode(d["successors"][-1]["signature"]).hex()' "$manifest" | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' >text.p7s
put_forged "$(json 'd["successors"][-1]["old"]' "$manifest")" "$(json 'd["successors"][-1]["new"]' "$manifest")"
refused "Cluster b signs with CN=evil"
# a real statement of b's, under a manifest that somebody else signed
manifest=$(ls good/b-tomcat-*.json | tail -n 1)
json '__import__("base64").b64decode(d["successors"][-1]["signature"]).hex()' "$manifest" | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' >text.p7s
put_forged "$(json 'd["successors"][-1]["old"]' "$manifest")" "$(json 'd["successors"][-1]["new"]' "$manifest")"
refused "Cluster b signs with CN=evil"
rm -rf place
mv good place
ok "forged, another cluster's, and a stranger's manifest with a real one: refused"

# --- one that is blocked here names nobody
T a --quiet block "$third"
expect 0 T b identity regenerate ITLRecovery --yes
export_new b six
refused "Cluster b signs with"
T a --quiet unblock "$third"
taken six
ok "a blocked signer names nobody"

# --- the old key is gone: renewal goes on, and says what that means
rm b/keys/*
expect 0 T b identity regenerate ITLRecovery --yes
err_has 'must accept the new signer of exports by hand'
export_new b seven
refused "Cluster b signs with"
expect 0 T a bulk consolidate --type tomcat --signer "$(own b ITLRecovery)"
taken seven
ok "a key that is gone cannot sign: said, and accepted by hand"

# --- the list is bounded
for round in 1 2 3 4 5 6 7 8 9 10; do
	expect 0 T b identity regenerate ITLRecovery --yes
done
export_new b eight
same 'statements' 8 "$(statements)"
refused "Cluster b signs with"
for name in a b c; do expect 0 T $name verify; done
ok "eight renewals in a row, and no more"

# --- a key that never leaves its token
command -v softhsm2-util >/dev/null && command -v p11tool >/dev/null || exit 0
export SOFTHSM2_CONF=$tmp/softhsm.conf
mkdir tokens
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$tmp" >softhsm.conf
softhsm2-util --init-token --free --label tvs --pin 123456 --so-pin 12345678 >softhsm.log 2>&1 || broken "softhsm2-util"
p11tool --list-tokens 2>/dev/null | grep -q 'token=tvs' || exit 0
printf 123456 >pin
chmod 600 pin
cluster d
expect 0 T d identity new ITLRecovery --cn 'recovery d' --token "pkcs11:token=tvs?pin-source=$tmp/pin"
cert_new nine
T d --quiet add tomcat-trust nine.pem
expect 0 T d bulk export --type tomcat
expect 0 T a bulk consolidate --type tomcat --signer "$(own b ITLRecovery)" --signer "$(own d ITLRecovery)"
taken nine
expect 0 T d identity regenerate ITLRecovery --yes
export_new d ten
taken ten
expect 0 T d identity new ITLRecovery --cn 'recovery d' --yes
[ -n "$(ls d/keys)" ] || fail "the key is not in a file"
export_new d eleven
taken eleven
ok "keys in a token"
