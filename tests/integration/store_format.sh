#!/bin/bash
# The bytes of a store, read by a program that knows FORMAT.md and nothing else.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$top_srcdir/tests/integration/ocsp_lib.sh"
need openssl python3 mdb_dump
T() { truststore --store "$tmp/store" "$@"; }
T init >/dev/null 2>&1
for name in "$data"/certs/*.der; do
	for store in CallManager-trust tomcat-trust CAPF-trust; do
		T stores set "$store" --same-subject keep >/dev/null 2>&1
		T add "$store" "$name" >/dev/null 2>&1 || true
	done
done
T stores add Mine --role CCM+TFTP TVS --ttl 77 >/dev/null 2>&1
cert_new old
cert_new ends
cert_new gone
cert_new blocked
cert_new fewer
cert_new rsa --key rsa:2048
cert_new ca --ext basicConstraints=critical,CA:TRUE
cert_new issued --ca ca
cert_new first --subj '/CN=renewed/O=Größe' --from 20200101000000Z --until 20490101000000Z
cert_new second --subj '/CN=renewed/O=Größe' --from 19700102000000Z --until 99991231235959Z
T add tomcat-trust old.pem --label 'with a label' --owner a@example.org >/dev/null 2>&1
T add Mine fewer.pem --role TVS --ttl 5 >/dev/null 2>&1
T add Mine old.pem ends.pem rsa.pem ca.pem issued.pem >/dev/null 2>&1
T add Mine second.pem >/dev/null 2>&1
T add Mine first.pem --keep-old 30d >/dev/null # begins later
T add srst-trust gone.pem >/dev/null 2>&1
T remove srst-trust "$(sha256_of gone.pem)" >/dev/null 2>&1
T block "$(sha256_of old.pem)" >/dev/null 2>&1
T block --file blocked.pem >/dev/null 2>&1
T identity new TVS >/dev/null 2>&1
T identity new tomcat-ECDSA >/dev/null 2>&1
# good, revoked, unreachable, and those without a source
ocsp_ca oca
answers=$(free_port)
dead=$(free_port)
for row in good:$answers revoked:$answers dead:$dead; do
	cert_new "${row%:*}" --ca oca --ext "authorityInfoAccess=OCSP;URI:http://127.0.0.1:${row#*:}/"
	index_add oca "${row%:*}"
done
index_add oca revoked R keyCompromise
log=responder.log start openssl ocsp -port "$answers" -index oca.txt -CA oca.pem -rsigner oca.pem -rkey oca.key -ndays 7
wait_for 10 grep -q ^ACCEPT responder.log || broken "openssl ocsp does not start"
T add tomcat-trust oca.pem good.pem revoked.pem dead.pem >/dev/null 2>&1
expect 0 ocspcheck --store "$tmp/store" --json run --all
same "findings" 'true' "$(json 'd["good"] == 1 and d["revoked"] == 1 and d["unreachable"] >= 1 and d["no_source"] >= 1')"
expect 0 T verify
mdb_dump -a store >dump
expect 0 python3 "$top_srcdir/tests/integration/store_format.py" dump
for line in 'block 2' 'tombstone 1' 'identity 2' 'store 11' 'ending 1'; do
	grep -qx "$line" out || fail "the store should hold: $line"
done
[ "$(sed -n 's/^revocation //p' out)" -ge 4 ] || fail "too few findings were stored"
[ "$(sed -n 's/^cert //p' out)" -ge 8 ] || fail "too few certificates were stored"
ok "every record follows FORMAT.md, and everything follows from everything"

# and it would notice
python3 - dump <<'END' >damaged
import sys
lines = open(sys.argv[1]).read().split("\n")
at = next(i for i, l in enumerate(lines) if l == "database=answer")
at = next(i for i in range(at, len(lines)) if lines[i] == "HEADER=END") + 2
lines[at] = lines[at][:-1] + ("0" if lines[at][-1] != "0" else "1")
print("\n".join(lines))
END
expect 1 python3 "$top_srcdir/tests/integration/store_format.py" damaged
ok "a changed bit is a difference"
