#!/bin/bash
# truststore remove, block, unblock, history.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3
T() { truststore --store "$tmp/store" "$@"; }
of() { T "${@:2}" --json >of.json || true; json "$1" of.json; }
T init >/dev/null
revision() { of 'd[-1]["revision"] if d else 0' history; }

ca_new root --subj /CN=Root
ca_new middle --ca root --subj /CN=Middle
for name in one two; do
	cert_new "$name" --ca middle --ext 'keyUsage=digitalSignature'
done
T add tomcat-trust root.pem middle.pem one.pem two.pem --quiet
T add CAPF-trust middle.pem --quiet
root=$(sha256_of root.pem) middle=$(sha256_of middle.pem) one=$(sha256_of one.pem) two=$(sha256_of two.pem)

now=$(revision)
expect 0 T remove tomcat-trust "$one" "$root" --dry-run --json
same "a dry run" '[true, 2, 1]' "$(json '[d["dry_run"], len(d["removed"]), d["orphan_count"]]')"
same "the revision" "$now" "$(revision)"
expect 1 T remove tomcat-trust "$one" 0123456789
err_one_line
err_has 0123456789
expect 1 T remove CAPF-trust "$one"
err_one_line
expect 2 T remove No-trust "$one"
err_one_line
expect 2 T remove tomcat-trust
err_one_line
expect 2 T remove tomcat-trust 0123
err_one_line
same "nothing was changed" "$now" "$(revision)"
ok "remove is all or nothing"

expect 0 T remove tomcat-trust "${one:0:10}" --why 'gone home'
out_has "removed ${one:0:16} CN=one from tomcat-trust"
[ ! -s err ] || fail "a leaf breaks no chain"
expect 1 T explain "$one"
expect 0 T remove tomcat-trust "$middle"
[ ! -s err ] || fail "the issuer is in CAPF-trust still"
expect 0 T remove CAPF-trust "$middle"
err_has "${two:0:16}"
err_has 'loses its issuer'
! grep -q "${one:0:16}" err || fail "what is not stored loses nothing"
expect 0 T add tomcat-trust middle.pem --again
expect 0 T remove tomcat-trust "$root" --json
same "who loses his issuer" '["'"$middle"'"]' "$(json '[o["sha256"] for o in d["orphans"]]')"
ok "remove says which certificates lose their issuer"

cert_new mic --subj '/O=Cisco/CN=ACT2 SUDI CA' --ext 'basicConstraints=CA:TRUE'
T add CAPF-trust mic.pem --quiet
expect 0 T remove CAPF-trust "$(sha256_of mic.pem)"
err_has 'CN=ACT2 SUDI CA is a root'
err_has 'onboarded'
T add CallManager-trust mic.pem --quiet 2>/dev/null
T add Phone-SAST-trust mic.pem --quiet
expect 0 T remove Phone-SAST-trust "$(sha256_of mic.pem)" --json
same "no warning there" '[]' "$(json 'd["warnings"]')"
expect 0 T remove CallManager-trust "$(sha256_of mic.pem)" --json
same "warning" true "$(json 'len(d["warnings"]) == 1 and "ACT2 SUDI CA is a root" in d["warnings"][0]')"
ok "remove says that phones cannot be onboarded without their maker's root"
T identity new TVS --cn tvs.example.test >/dev/null
own=$(of 'd[0]["sha256"]' identity list)
now=$(revision)
expect 2 T remove TVS-trust "$own"
err_one_line
err_has 'own certificate'
same "nothing was changed" "$now" "$(revision)"
ok "an own certificate is not removed"

# --- block
expect 0 T block "$two" --why stolen
expect 1 T explain "$two" --json
same "blocked" blocked "$(json 'd["reason"]')"
now=$(revision)
expect 0 T block "$two" --json
same "blocked before" '[true, false]' "$(json '[d["blocked"], d["changed"]]')"
same "nothing was changed" "$now" "$(revision)"
expect 0 T unblock "${two:0:12}"
expect 0 T explain "$two"
expect 1 T unblock "$two"
err_one_line
cert_new stranger
stranger=$(sha256_of stranger.pem)
expect 0 T block --file stranger.pem
expect 1 T explain --file stranger.pem --json
same "one that is not stored" blocked "$(json 'd["reason"]')"
expect 0 T show "$stranger" --json
same "a block alone" '["blocked", []]' "$(json '[d["reason"], d["memberships"]]')"
expect 0 T add tomcat-trust stranger.pem
expect 1 T explain "$stranger" --json
same "a block wins over a store" blocked "$(json 'd["reason"]')"
expect 0 T unblock --file stranger.pem
expect 0 T explain "$stranger"
expect 0 T block "$(printf 'ab%.0s' {1..32})" # a digest alone
expect 1 T block abababababababab0000 
expect 2 T block
err_one_line
expect 2 T block --file one.key
err_has one.key
expect 0 T verify
ok "block and unblock, of stored and other certificates"

# --- history
expect 0 T history --cert "$one" --json
same "of one certificate" '["add", "remove"]' "$(json '[c["action"] for c in d]')"
same "who, where, why" '["tomcat-trust", "gone home"]' "$(json '[d[-1]["store"], d[-1]["detail"]]')"
same "the caller" true "$(json 'd[-1]["who"] == "'"$(id -un)"'"')"
expect 0 T history --json
same "revisions count up" true "$(json '[c["revision"] for c in d] == list(range(d[0]["revision"], d[0]["revision"] + len(d)))')"
same "one transaction" 1 "$(json 'len({c["batch"] for c in d if c["action"] == "add" and c["sha256"] in ("'"$root"'", "'"$one"'", "'"$two"'")})')"
expect 0 T history --since -1h
out_has 'gone home'
expect 1 T history --since +1h
expect 1 T history --cert 0123456789
expect 2 T history --cert 12
err_one_line
expect 2 T history --since never
err_has '--since'
ok "history tells what happened, to whom, by whom"
