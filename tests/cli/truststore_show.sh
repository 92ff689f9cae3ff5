#!/bin/bash
# truststore show and explain: everything of one certificate; what a phone would be told, and why.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3
T() { truststore --store "$tmp/store" "$@"; }
T init >/dev/null
export TVS_CLOCK=2026-11-20T00:00:00Z
ca_new ca --subj '/C=NZ/O=Example/CN=Ca One' --from 20260101000000Z --until 20360101000000Z
cert_new leaf --ca ca --subj '/C=NZ/O=Example/CN=leaf.example.test' --key rsa:2048 --serial 83E9 --from 20260101000000Z --until 20270101000000Z \
	--ext 'keyUsage=critical,digitalSignature,dataEncipherment' --ext 'extendedKeyUsage=serverAuth,ipsecEndSystem' \
	--ext 'subjectAltName=DNS:leaf.example.test,IP:192.0.2.1,IP:2001:db8::1,email:a@example.test'
leaf=$(sha256_of leaf.pem)
T add tomcat-trust leaf.pem --ttl 7200 --label web >/dev/null

expect 0 T show "${leaf:0:8}" --json
same "JSON" true "$(json '{k: d[k] for k in ("sha256", "serial", "subject", "subject_semicolon", "issuer", "issuer_semicolon", "version", "self_signed", "ca", "key_usage", "extended_key_usage", "names", "extensions", "label", "stores", "roles", "ttl", "trusted", "reason", "block", "removed")} == {
	"sha256": "'"$leaf"'", "serial": "83E9", "subject": "C=NZ,O=Example,CN=leaf.example.test",
	"subject_semicolon": "CN=leaf.example.test;O=Example;C=NZ", "issuer": "C=NZ,O=Example,CN=Ca One",
	"issuer_semicolon": "CN=Ca One;O=Example;C=NZ", "version": 3, "self_signed": False, "ca": False,
	"key_usage": ["digitalSignature", "dataEncipherment"], "extended_key_usage": ["serverAuth", "ipsecEndSystem"],
	"names": ["DNS:leaf.example.test", "IP:192.0.2.1", "IP:2001:db8::1", "email:a@example.test"],
	"extensions": ["keyUsage critical", "extKeyUsage", "subjectAltName", "subjectKeyIdentifier", "authorityKeyIdentifier"], "label": "web", "stores": ["tomcat-trust"],
	"roles": ["APP-SERVER"], "ttl": 7200, "trusted": True, "reason": "trusted", "block": None, "removed": []}')"
same "SHA-1" "$(openssl x509 -in leaf.pem -outform DER | openssl dgst -sha1 -r | cut -d' ' -f1)" "$(json 'd["sha1"]')"
same "membership" '{"store": "tomcat-trust", "roles": ["APP-SERVER"], "ttl": 7200, "since": "2026-11-20T00:00:00Z", "until": null, "origin": "hand"}' "$(json 'd["memberships"][0]')"
expect 0 T show "$leaf"
for text in "$leaf" 83E9 'CN=leaf.example.test;O=Example;C=NZ' 'RSA 2048' 'keyUsage critical' 'IP:2001:db8::1' 'trusted as APP-SERVER'; do
	out_has "$text"
done
expect 0 T show --file ca.pem --json
same "one that is not stored" '["unknown", true, [], null]' "$(json '[d["reason"], d["ca"], d["memberships"], d["added"]]')"
expect 0 T show --file leaf.pem --json
same "by file, stored" web "$(json 'd["label"]')"
ok "show tells everything, of stored and other certificates"

expect 1 T show 0123456789
err_one_line
err_has 0123456789
expect 2 T show 0123456
err_one_line
expect 2 T show xyzxyzxyz
err_one_line
expect 2 T show
err_has '--file'
expect 2 T show "$leaf" --file leaf.pem
err_one_line
expect 2 T show --file missing.pem
err_has missing.pem
cat leaf.pem ca.pem >two.pem
expect 2 T show --file two.pem
err_has 'two.pem'
ok "what show cannot find is said: exit 1; wrong use: exit 2"

# why TEXT ARGUMENT...: explains, and the words hold TEXT
why()
{
	local code=0 text=$1
	shift
	T explain "$@" --json >out 2>err || code=$?
	same "exit code" "$(json '0 if d["trusted"] else 1')" "$code"
	json 'd["detail"]' | grep -qF -e "$text" || fail "explain $* lacks \"$text\": $(json 'd["detail"]')"
}
verdict() { json '[d["reason"], d["roles"], d["ttl"], d["stores"]]'; }

why 'in tomcat-trust, which gives it APP-SERVER' "$leaf"
same "trusted" '["trusted", ["APP-SERVER"], 7200, ["tomcat-trust"]]' "$(verdict)"
why 'the TTL of its membership' --file leaf.pem
why 'its validity ends then' "$leaf" --at 2026-12-31T23:59:00Z
same "the last minute" 60 "$(json 'd["ttl"]')"
why 'ended at 2027-01-01T00:00:00Z' "$leaf" --at 2027-01-01T00:00:01Z
same "expired" '["expired", [], 0, ["tomcat-trust"]]' "$(verdict)"
why 'begins only at 2026-01-01' "$leaf" --at 2025-12-31
same "not yet" not-yet-valid "$(json 'd["reason"]')"
why 'It is in no store' --file ca.pem
same "unknown" '["unknown", [], 0, []]' "$(verdict)"
why 'It is in no store' "$(printf 'a%.0s' {1..64})"
T add IPSec-trust ca.pem >/dev/null 2>&1
why 'gives a role' --file ca.pem
same "no role" no-role "$(json 'd["reason"]')"
cert_new other --ca ca --subj '/C=NZ/O=Example/CN=other' --ext 'keyUsage=digitalSignature'
export TVS_CLOCK=+0
why 'Its issuer is stored' --file other.pem
why 'chains are not followed' --file other.pem
cert_new twin --subj '/C=NZ/O=Example/CN=leaf.example.test' --ext 'keyUsage=digitalSignature'
why 'Another certificate with the same subject is stored' --file twin.pem
export TVS_CLOCK=2026-11-20T00:00:00Z
T block "$leaf" --why 'key lost' >/dev/null
why 'key lost' "$leaf"
same "blocked" '["blocked", [], 0, ["tomcat-trust"]]' "$(verdict)"
expect 0 T show "$leaf" --json
same "block" '{"since": "2026-11-20T00:00:00Z", "why": "key lost"}' "$(json 'd["block"]')"
T unblock "$leaf" >/dev/null
T remove tomcat-trust "$leaf" >/dev/null 2>&1
why 'removed from tomcat-trust at 2026-11-20' --file leaf.pem
T add CallManager-trust leaf.pem >/dev/null
expect 0 T show "$leaf" --json
same "the tombstone shows" '["tomcat-trust"]' "$(json '[m["store"] for m in d["removed"]]')"
expect 0 T explain "$leaf"
out_has 'trusted, as CCM,TFTP'
expect 1 T explain --file other.pem
out_has 'not trusted: unknown'
expect 2 T explain "$leaf" --at yesterday
err_has '--at'
expect 1 T explain 0123456789abcdef
err_one_line
ok "explain gives each reason in words"

printf '[store]\npath = %s\n[security]\nexpired = allow\n' "$tmp/store" >lenient.conf
expect 0 truststore --config lenient.conf explain "$leaf" --at 2028-01-01 --json
same "the past, where it is allowed" 300 "$(json 'd["ttl"]')"
json 'd["detail"]' | grep -q 'has expired, which the settings allow' || fail "explain does not say why"
ok "the settings count"
