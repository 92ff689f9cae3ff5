#!/bin/bash
# An import that adds, displaces and removes is taken back: the store is as before, to the last label and end, also when what was displaced has left the
# database meanwhile; what somebody changed since stays.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl

mkdir place
for name in a b; do
	printf '[store]\npath = %s\n[bulk]\ncluster = %s\ndirectory = %s\n' "$tmp/$name" "$name" "$tmp/place" >$name.conf
	truststore --config $name.conf --quiet init
done
T() { truststore --config "$1.conf" "${@:2}"; }
T b --quiet identity new ITLRecovery --cn 'recovery b' >/dev/null

# a has an older certificate of a subject, described by hand, with its own TTL; and one that b removes later
ca_new ca
cert_new twin-old --ca ca --subj '/CN=twin' --from 20250101000000Z --until 20400101000000Z
cert_new twin-new --ca ca --subj '/CN=twin' --from 20260101000000Z --until 20400101000000Z
cert_new leaver
cert_new both
cert_new added
T a --quiet add tomcat-trust ca.pem twin-old.pem --label 'the old one' --owner admin@example.test --ttl 600
T b --quiet add tomcat-trust leaver.pem both.pem
T b --quiet bulk export --type tomcat
signer=$(T b identity export ITLRecovery | openssl x509 -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1)
T a --quiet bulk consolidate --type tomcat --signer "$signer"
T a --quiet bulk import --type tomcat
T a --quiet add CAPF-trust both.pem --role CAPF

# state FILE: all that the store says, but for its history
state()
{
	local file
	T a --json list >"$1"
	for file in twin-old twin-new leaver both added; do
		T a --json explain --file $file.pem >>"$1" 2>/dev/null || true
	done
	T a --json stores >>"$1"
	expect 0 T a verify
}
undo()
{
	local change
	change=$(T a --json history | python3 -c 'import json,sys
print([c for c in json.load(sys.stdin) if "cluster b" in str(c) and c["action"] == "add"][-1]["revision"])')
	expect 0 T a --json bulk import --undo "$change" "$@"
}
TVS_CLOCK=@$(date +%s)
export TVS_CLOCK
state before
T b --quiet add tomcat-trust ca.pem twin-new.pem added.pem
T b --quiet remove tomcat-trust "$(sha256_of leaver.pem)" "$(sha256_of both.pem)"
T b --quiet bulk export --type tomcat
T a --quiet bulk consolidate --type tomcat
rm -rf saved
cp -a a saved

# --- with the time to wait, at once
expect 0 T a --json bulk import --type tomcat
same 'replaced' 1 "$(json 'd["summary"]["replaced"]')"
same 'removed' 2 "$(json 'd["summary"]["removed"]')"
state after
! cmp -s before after || fail "the import changed nothing"
undo --dry-run
state still
cmp -s after still || fail "a dry run changed something"
undo
same 'lost' 0 "$(json 'd["lost"]')"
state back
diff before back >difference || fail "not as before"
undo
[ "$(json 'd["removed"] + d["restored"]')" = 0 ] || fail "taken back twice"
state back
diff before back >difference || fail "not as before"
ok "taken back at once"

# --- what was displaced has left the database
again()
{
	rm -rf a
	cp -a saved a
}
again
expect 0 T a bulk import --type tomcat
began=$TVS_CLOCK
TVS_CLOCK=@$((${began#@} + 8 * 86400))
T a --quiet add CAPF-trust ca.pem
T a --quiet remove CAPF-trust "$(sha256_of ca.pem)"
expect 1 T a explain --file twin-old.pem
out_has unknown
undo
same 'lost' 0 "$(json 'd["lost"]')"
TVS_CLOCK=$began
state back
diff before back >difference || fail "not as before"
ok "taken back when the displaced one had left the database"

# --- no time to wait: it leaves in the import itself
again
printf '[truststore]\nanchor-wait = 0s\n' >>a.conf
expect 0 T a bulk import --type tomcat
expect 1 T a explain --file twin-old.pem
out_has unknown
undo
same 'lost' 0 "$(json 'd["lost"]')"
state back
diff before back >difference || fail "not as before"
ok "taken back when it left in the import itself"

# --- what somebody did since stays
again
expect 0 T a bulk import --type tomcat
T a --quiet add tomcat-trust leaver.pem --label mine
T a --quiet add tomcat-trust added.pem twin-new.pem --label mine
undo
same 'lost' 4 "$(json 'd["lost"]')" # these three, and the one that twin-new displaced, which would stand beside it
expect 0 T a explain --file twin-new.pem
expect 1 T a explain --file twin-old.pem
expect 0 T a explain --file leaver.pem
expect 0 T a explain --file added.pem
T a --json list tomcat-trust >list
same 'by hand' '["mine", "mine", "mine"]' "$(json 'json.dumps(sorted(c["label"] for c in d if c["label"] == "mine"))' list)"
expect 0 T a verify
expect 2 T a bulk import --undo 1
err_has 'does not belong to an import'
expect 1 T a bulk import --undo 99999
err_has 'there is no change 99999'
ok "what was changed since stays as it is"
