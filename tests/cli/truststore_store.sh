#!/bin/bash
# truststore init, stores, verify: the store itself, and how the program refuses.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3
T() { truststore --store "$tmp/store" "$@"; }

expect 2 T list
err_one_line
err_has 'truststore init'
expect 0 T init
out_has 'an empty store was made'
same "mode of the directory" 750 "$(stat -c %a store)"
before=$(sha256sum store/data.mdb)
expect 0 T init --json
same "an existing store" false "$(json 'd["created"]')"
same "the store" "$before" "$(sha256sum store/data.mdb)"
ok "init makes a store, and leaves one alone that is there"

expect 0 T stores --json
same "stores" 10 "$(json 'len(d)')"
same "roles" true "$(json '{s["name"]: s["roles"] for s in d} == {
	"CallManager-trust": ["CCM", "TFTP"], "tomcat-trust": ["APP-SERVER"], "CAPF-trust": ["CAPF"],
	"TVS-trust": ["TVS"], "Phone-SAST-trust": ["SAST"], "IPSec-trust": [], "Phone-VPN-trust": [],
	"Phone-CTL-trust": [], "Userlicensing-trust": [], "srst-trust": []}')"
same "TTL" '[86400]' "$(json 'list({s["ttl"] for s in d})')"
expect 0 T stores
out_has 'CallManager-trust'
out_has 'CCM,TFTP'
ok "the trust stores and their roles"

expect 0 T stores add My-trust --role CCM+TFTP sast --ttl 3600
out_has 'added the store My-trust'
expect 2 T stores add MY-TRUST --role CCM
err_one_line
err_has 'My-trust is there already'
expect 2 T stores add x
err_has '--role'
expect 2 T stores add 'a/b' --role CCM
err_one_line
expect 2 T stores add "$(printf 'x%.0s' {1..65})" --role CCM
err_one_line
expect 2 T stores add Other --role Cook
err_has 'no role "Cook"'
expect 2 T stores add Other --role none --ttl 0
err_has '--ttl "0"'
expect 0 T stores add Other --role none --same-subject keep --json
same "a store without roles" '[[], "keep", 0]' "$(json '[d["roles"], d["same_subject"], d["certificates"]]')"
expect 0 T stores set my-trust --ttl 2h
expect 0 T stores --json
same 'TTL' 7200 "$(json '[s["ttl"] for s in d if s["name"] == "My-trust"][0]')"
expect 2 T stores set My-trust --ttl 2y
err_has '--ttl "2y": seconds from 1 to 31622400 are wanted, or a duration (12h)'
expect 0 T stores set my-trust --ttl 60
expect 2 T stores set my-trust
err_has 'nothing to set'
expect 2 T stores set my-trust --same-subject maybe
err_has 'replace or keep'
expect 2 T stores set No-trust --ttl 60
err_one_line
err_has 'CallManager-trust' # the names there are
expect 0 T stores --json
same "what was set" '["My-trust", ["SAST", "CCM+TFTP"], 60]' \
	"$(json '[[s["name"], s["roles"], s["ttl"]] for s in d if s["name"] == "My-trust"][0]')"
ok "stores are added and changed, and what is wrong is refused"

cert_new leaf
T add Other leaf.pem >/dev/null
hash=$(sha256_of leaf.pem)
expect 1 T explain "$hash" --json
same "no role" no-role "$(json 'd["reason"]')"
T stores set Other --role CAPF >/dev/null
expect 0 T explain "$hash" --json
same "the answer follows the store" '["CAPF"]' "$(json 'd["roles"]')"
T stores set Other --role none >/dev/null
expect 1 T explain "$hash"
ok "what a store gives changes the answers of its members"

expect 0 T verify
out_has 'in order'
expect 0 T verify --json
same "no difference" '{"differences": [], "verified": true}' "$(json d)"
expect 0 T verify --quiet
[ ! -s out ] || fail "verify --quiet talks"
# a byte of an answer record is flipped where it lies in the file
python3 - "$hash" "$(date -d "$(openssl x509 -in leaf.pem -noout -startdate | cut -d= -f2)" +%s)" <<'PYTHON'
import sys
data = bytearray(open("store/data.mdb", "rb").read())
key = bytes.fromhex(sys.argv[1])
not_before = int(sys.argv[2]).to_bytes(8, "big")
hits, at = 0, -1
while (at := data.find(key, at + 1)) >= 0:
    value = at + 32
    if data[value:value + 2] == b"\2\0" and data[value + 20:value + 28] == not_before:
        data[value + 1] ^= 1 # "blocked"
        hits += 1
open("store/data.mdb", "wb").write(data)
sys.exit(0 if hits else 1)
PYTHON
expect 1 T verify
out_has "$hash"
expect 1 T verify --json
same "a difference" false "$(json 'd["verified"]')"
ok "verify finds an answer that does not follow from the rest"

expect 2 T
err_has 'a command is missing'
expect 2 T nonsense
err_one_line
expect 2 T init more
err_one_line
expect 2 T list --nonsense
err_has 'there is no option --nonsense'
expect 2 truststore --config "$tmp/missing.conf" init
err_one_line
err_has missing.conf
printf '[store]\npath = %s\n[storm]\n' "$tmp/store" >bad.conf
expect 2 truststore --config bad.conf stores
err_has 'bad.conf:3'
printf '[store]\npath = %s\n' "$tmp/conf-store" >good.conf
expect 0 truststore --config good.conf init
[ -e conf-store/data.mdb ] || fail "the configured store is not used"
TVS_CLOCK=nonsense expect 2 truststore --store store list
err_one_line
mkdir readonly && chmod 0 readonly
if [ "$(id -u)" != 0 ]; then
	expect 2 truststore --store readonly/store init
	err_one_line
fi
ok "usage errors are one line and exit code 2"
