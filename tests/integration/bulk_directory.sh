#!/bin/bash
# Two clusters and a directory that they share: export, consolidation, plan, import, undo, renewal, retirement; and what is refused.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl certtool
truststore --version >/dev/null

mkdir place
# cluster NAME [LINE...]: store and settings; lines go into [bulk]
cluster()
{
	local name=$1
	shift
	printf '[store]\npath = %s\n[bulk]\ncluster = %s\ndirectory = %s\n' "$tmp/$name" "$name" "$tmp/place" >"$name.conf"
	[ $# = 0 ] || printf '%s\n' "$@" >>"$name.conf"
	truststore --config "$name.conf" --quiet init
}
# own CLUSTER PURPOSE: the SHA-256 of an own certificate
own()
{
	truststore --config "$1.conf" identity export "$2" | openssl x509 -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1
}
new()
{
	truststore --config "$1.conf" --quiet identity new "$2" --cn "$1-$2" --yes >/dev/null
}
# roles CLUSTER HASH: what a phone would be told
roles()
{
	truststore --config "$1.conf" --json explain "$2" >explained 2>/dev/null || true
	json '",".join(d["roles"]) if d["trusted"] else d["reason"]' explained
}

cluster a
cluster b
for purpose in CallManager ITLRecovery tomcat; do new b "$purpose"; done
new a ITLRecovery
cert_new app --subj '/CN=app of b'
truststore --config b.conf --quiet add tomcat-trust app.pem

# --- export
expect 0 truststore --config b.conf bulk export --type tftp
expect 0 truststore --config b.conf --json bulk export --type tomcat
same 'certificates' 2 "$(json 'd[0]["certificates"]')"
manifest=$(echo place/b-tomcat-*.json)
openssl cms -verify -binary -inform DER -in "${manifest%.json}.p7s" -content "$manifest" -certfile <(truststore --config b.conf identity export ITLRecovery) \
	-CAfile <(truststore --config b.conf identity export ITLRecovery) -purpose any >verified 2>openssl.log || fail "openssl does not verify the signature"
cmp -s verified "$manifest" || fail "another manifest"
archive=${manifest%.json}.p12
same 'archive in the manifest' "$(openssl dgst -sha256 -r "$archive" | cut -d' ' -f1)" "$(json 'd["archive"]["sha256"]' "$manifest")"
openssl pkcs12 -in "$archive" -nokeys -passin pass: 2>/dev/null | grep -c 'BEGIN CERTIFICATE' >count
same 'certificates that openssl reads' 2 "$(cat count)"
certtool --p12-info --inder --infile "$archive" --password '' --outfile certtool.out 2>/dev/null || fail "certtool does not read the archive"
same 'certificates that certtool reads' 2 "$(grep -c 'BEGIN CERTIFICATE' certtool.out)"
! grep -q 'PRIVATE KEY' certtool.out || fail "a private key in an export"
ok "openssl and certtool read archive and signature"

# --- first contact
expect 2 truststore --config a.conf bulk consolidate
err_has "$(own b ITLRecovery)"
err_has 'pass --signer'
expect 2 truststore --config a.conf bulk consolidate --signer "$(own b tomcat)"
expect 1 truststore --config a.conf bulk import --type tftp
err_has 'there is no consolidated archive'
expect 0 truststore --config a.conf bulk consolidate --signer "$(own b ITLRecovery)"
ok "a new signer is accepted by its fingerprint only"

# --- plan and import
same 'before' unknown "$(roles a "$(own b CallManager)")"
expect 0 truststore --config a.conf bulk plan --type all --out plan.json
same 'after a plan' unknown "$(roles a "$(own b CallManager)")"
expect 0 truststore --config a.conf bulk import plan.json
# one line a certificate, and then how many memberships they have
same 'how many' "$(grep -o ': added to\|; added to' out | wc -l) memberships added" "$(grep '^[0-9]* membership' out)"
out_has "CN=b-CallManager of cluster b: added to CallManager-trust as TFTP (not CCM); added to Phone-SAST-trust as SAST"
same 'roles' SAST,TFTP "$(roles a "$(own b CallManager)")"
same 'roles' APP-SERVER "$(roles a "$(sha256_of app.pem)")"
same 'ITLRecovery, which was not exported' unknown "$(roles a "$(own b ITLRecovery)")"
expect 2 truststore --config a.conf bulk import plan.json
err_has 'the store has moved on'
expect 0 truststore --config a.conf --json bulk import --type all
same 'a second import' '{"added": 0, "updated": 0, "replaced": 0, "kept": 4, "skipped": 0, "refused": 0, "removed": 0}' "$(json 'd["summary"]')"
same 'its change' 0 "$(json 'd["change"]')"
ok "a plan is carried out once; an import again changes nothing"

# --- undo
change=$(truststore --config a.conf --json history | python3 -c 'import json,sys
print([c for c in json.load(sys.stdin) if c["action"] == "add" and "cluster b" in str(c)][0]["revision"])')
expect 0 truststore --config a.conf bulk import --undo "$change"
same 'after the undoing' unknown "$(roles a "$(own b CallManager)")"
expect 0 truststore --config a.conf verify
expect 0 truststore --config a.conf bulk import --type all
same 'roles' SAST,TFTP "$(roles a "$(own b CallManager)")"

# --- removed and blocked here
truststore --config a.conf --quiet remove tomcat-trust "$(sha256_of app.pem)"
truststore --config a.conf --quiet block "$(own b tomcat)"
expect 0 truststore --config a.conf bulk import --type tomcat
out_has 'it was removed from tomcat-trust here'
out_has 'it is blocked here'
same 'removed' unknown "$(roles a "$(sha256_of app.pem)")"
same 'blocked' blocked "$(roles a "$(own b tomcat)")"
truststore --config a.conf --quiet unblock "$(own b tomcat)"
ok "undone, removed, blocked: nothing comes back"

# --- ceilings
printf '[bulk peer B]\nroles = APP-SERVER\n' >>a.conf
expect 0 truststore --config a.conf bulk retire b
expect 0 truststore --config a.conf bulk import --type all
out_has 'nothing to import'
expect 2 truststore --config a.conf bulk import --type all --cluster b
err_has 'retired'
expect 0 truststore --config a.conf bulk import --type all --cluster b --again
out_has 'refused for Phone-SAST-trust: it would grant SAST, and the cluster may grant APP-SERVER at most'
same 'roles' unknown "$(roles a "$(own b CallManager)")"
same 'roles' APP-SERVER "$(roles a "$(own b tomcat)")"
sed -i '/bulk peer/,$d' a.conf
printf '[bulk peer b]\nroles = CCM, TFTP\n' >>a.conf
expect 0 truststore --config a.conf bulk import --type tftp
same 'roles' CCM,TFTP "$(roles a "$(own b CallManager)")"
sed -i '/bulk peer/,$d' a.conf
ok "no more roles than a cluster may grant"

# --- what the modes of [security] forbid is skipped, and does not stop the rest
cert_new weak --key rsa:1024 --subj '/CN=weak'
cert_new strong
truststore --config b.conf --quiet add tomcat-trust weak.pem strong.pem
printf '[security]\nfips = yes\n' >>a.conf
expect 0 truststore --config b.conf bulk export --type tomcat
expect 0 truststore --config a.conf bulk consolidate --type tomcat
expect 0 truststore --config a.conf bulk import --type tomcat
out_has 'CN=weak of cluster b: skipped for tomcat-trust'
same 'weak' unknown "$(roles a "$(sha256_of weak.pem)")"
same 'strong' APP-SERVER "$(roles a "$(sha256_of strong.pem)")"
sed -i '/security/,$d' a.conf
ok "what a mode forbids is skipped"

# --- what the cluster itself removes touches only what came from it
truststore --config a.conf --quiet add tomcat-trust app.pem --again
truststore --config b.conf --quiet remove tomcat-trust "$(sha256_of app.pem)"
truststore --config b.conf --quiet block "$(own b tomcat)"
expect 0 truststore --config b.conf bulk sync --type tomcat
expect 0 truststore --config a.conf bulk sync
same 'by hand' APP-SERVER "$(roles a "$(sha256_of app.pem)")"
same 'from b' unknown "$(roles a "$(own b tomcat)")"
expect 0 truststore --config a.conf bulk sync
[ ! -s out ] || fail "sync says something though nothing is new"
ok "a cluster's removals touch what came from it"

# --- own certificates are not displaced
truststore --config a.conf --quiet identity new tomcat --cn same
cert_new same --subj '/CN=same' --from 20200101000000Z --until 20400101000000Z
export TVS_CLOCK=+3d
openssl req -x509 -new -key same.key -subj '/CN=same' -days 90 -out later.pem 2>/dev/null
unset TVS_CLOCK
openssl pkcs12 -export -nokeys -in same.pem -out foreign.p12 -passout pass: -caname x
expect 2 truststore --config a.conf bulk import foreign.p12 --type tomcat
err_has 'with --unsigned only'
expect 2 truststore --config a.conf bulk import foreign.p12 --type tomcat --unsigned
err_has 'pass --yes'
expect 0 truststore --config a.conf bulk import foreign.p12 --type tomcat --unsigned --yes
out_has 'is an own certificate, and is not displaced'
cat app.pem same.pem >two.pem
openssl pkcs12 -export -nokeys -in app.pem -certfile same.pem -out foreign.p12 -passout pass: -caname one -caname two
expect 0 truststore --config a.conf bulk import foreign.p12 --type capf --unsigned --yes --cluster old
out_has 'CN=app of b of cluster old: added to CAPF-trust as CAPF'
expect 0 truststore --config a.conf bulk retire old
ok "archives that others made"

# --- old files go
for number in 1 2 3 4 5; do
	expect 0 truststore --config b.conf bulk export --type tftp
	expect 0 truststore --config a.conf bulk consolidate --type tftp
done
files=(place/b-tftp-*)
same 'files of three exports' 9 ${#files[@]}
files=(place/_all-tftp-*)
same 'files of three merged archives' 6 ${#files[@]}
files=(place/b-tomcat-*)
[ ${#files[@]} -ge 3 ] || fail "another type's exports are gone"
expect 0 truststore --config a.conf bulk import --type tftp
ok "three of each stay"

expect 0 truststore --config a.conf verify
expect 0 truststore --config b.conf verify
