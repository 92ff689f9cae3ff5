#!/bin/bash
# truststore backup and restore: what is in the file, what is refused, what a restored store is.
TEST_LIMIT=300
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3
T() { truststore --store "$tmp/store" "$@"; }
U() { truststore --store "$tmp/other" "$@"; }
rev() { T history --json | python3 -c 'import json, sys; print(max((c["revision"] for c in json.load(sys.stdin)), default=0))'; }
state() { T list --json >"$1.list" || true; T stores --json >"$1.stores"; T history --json >"$1.history"; ls store/keys >"$1.keys"; }
unchanged()
{
	state now
	local part
	for part in list stores history keys; do cmp -s "$1.$part" "now.$part" || fail "$2: $part changed"; done
}
make_store
T identity new tomcat-ECDSA --cn web.example.test >/dev/null
T add CallManager-trust "$data/certs/ccm.der" --label 'the label' >/dev/null
T add tomcat-trust "$data/certs/tomcat.der" --ttl 3600 >/dev/null
T add Phone-SAST-trust "$data/certs/sast.der" >/dev/null
T stores add Mine --role CCM+TFTP --ttl 77 >/dev/null
T remove Phone-SAST-trust "$(openssl x509 -inform DER -in "$data/certs/sast.der" -outform DER | sha256sum | cut -c 1-64)" >/dev/null
T block --file "$data/certs/capf.der" --why stolen >/dev/null
echo 'a good long passphrase' >pass
echo short >short
chmod 600 pass short
state first

expect 0 T backup one.bak
err_has '--with-keys' # it says what is missing
same mode 600 "$(stat -c %a one.bak)"
grep -qa 'PRIVATE KEY' one.bak && fail "a key is in a backup without keys"
expect 2 T backup one.bak
err_has 'exists already'
expect 0 T backup one.bak --overwrite
cp store/data.mdb data.before
for file in data.mdb lock.mdb write.lock; do
	expect 2 T backup "store/$file" --overwrite
	err_has 'is a file of the store itself'
done
cmp store/data.mdb data.before
expect 2 T backup nowhere/file
err_one_line
expect 2 T backup --passphrase-file pass two.bak
err_has '--with-keys'
ok "a file of mode 0600, never over another, never over the store"

# an independent reader of the format
cat >reader.py <<'PYTHON'
import hashlib, struct, sys
b = open(sys.argv[1], "rb").read()
assert b[:8] == b"TVSBKUP\n"
version, store, revision, made = struct.unpack(">IIQq", b[8:32])
assert (version, store) == (1, 1)
assert hashlib.sha256(b[:-32]).digest() == b[-32:]
at, db, n, count, keys, left = 32, None, 0, {}, [], []
def take(size):
    global at
    (length,) = struct.unpack(">H" if size == 2 else ">I", b[at:at + size])
    at += size + length
    return b[at - length:at]
while True:
    item = b[at]
    at += 1
    if item == 1: keys.append((take(2), take(4)))
    elif item == 2: left.append(take(2))
    elif item == 3: db = take(2).decode(); count[db] = 0
    elif item == 4:
        key, value = take(4), take(4)
        n += 1; count[db] += 1
        if db == "cert":
            i = value.index(b"\x30\x82")
            assert any(hashlib.sha256(value[j:]).digest() == key for j in range(i, len(value) - 300)), "DER"
    elif item == 5:
        assert struct.unpack(">Q", b[at:at + 8])[0] == n
        assert at + 8 + 32 == len(b)
        break
    else: raise SystemExit("item %d" % item)
print(revision, count["cert"], count["store"], count["block"], count["tombstone"], count["change"], len(keys), len(left))
PYTHON
same "what is in it" "$(rev) 4 11 1 1 $(rev) 0 3" "$(python3 reader.py one.bak | sed 's/ [0-9]*$/ 3/')"
expect 0 T backup - --quiet
cp out std.bak
same "to standard output" "$(python3 reader.py one.bak)" "$(python3 reader.py std.bak)"
ok "read by an independent reader: every record, and the SHA-256 of it all"

expect 2 T backup keys.bak --with-keys
err_has '--passphrase-file'
[ ! -e keys.bak ] || fail "a backup although the passphrase was missing"
expect 0 T backup keys.bak --with-keys --passphrase-file pass --json
same "keys" 2 "$(json 'len(d["keys"])')"
python3 -c 'import re
for i, pem in enumerate(re.findall(b"-----BEGIN ENCRYPTED.*?-----END ENCRYPTED PRIVATE KEY-----\n", open("keys.bak", "rb").read(), re.S)):
    open("pem.0%d" % i, "wb").write(pem)'
same "encrypted keys" 2 "$(ls pem.0* | wc -l)"
for pem in pem.0*; do
	openssl asn1parse -in "$pem" >asn1
	grep -q 'PBES2' asn1 && grep -q 'aes-256-cbc' asn1 || fail "not PBES2 with AES-256"
	openssl pkcs8 -in "$pem" -passin file:pass -out plain.pem || fail "openssl pkcs8 does not open $pem"
	openssl pkey -in plain.pem -pubout >>pubs
	! openssl pkcs8 -in "$pem" -passin file:short -out /dev/null 2>/dev/null || fail "any passphrase opens it"
done
for purpose in TVS tomcat-ECDSA; do
	T identity export "$purpose" | openssl x509 -noout -pubkey >pub
	python3 -c 'import sys; sys.exit(open("pub").read() not in open("pubs").read())' || fail "the key of $purpose is not in the backup"
done
printf '[store]\npath = %s\n[security]\nfips = yes\n' "$tmp/store" >fips.conf
expect 2 truststore --config fips.conf backup fips.bak --with-keys --passphrase-file short
err_has 'fips wants a passphrase of at least 14'
expect 0 truststore --config fips.conf backup fips.bak --with-keys --passphrase-file pass
mv store/keys away
expect 2 T backup lost.bak --with-keys --passphrase-file pass
err_one_line
[ ! -e lost.bak ] || fail "a backup although a key is missing"
mv away store/keys
ok "keys as PKCS#8 under PBES2 with AES-256, opened by openssl; none without a passphrase"

expect 2 U restore keys.bak
err_has '--passphrase-file'
rm -rf other
expect 2 U restore keys.bak --passphrase-file short
err_has 'does not open the key'
rm -rf other
expect 0 U restore keys.bak --passphrase-file pass
expect 0 U verify
same "list" "$(cat first.list)" "$(U list --json)"
same "stores" "$(cat first.stores)" "$(U stores --json)"
same "keys" "$(cat first.keys)" "$(ls other/keys)"
same "modes" '600 600 ' "$(stat -c %a other/keys/* | tr '\n' ' ')"
for key in store/keys/*; do cmp <(openssl pkey -in "$key") <(openssl pkey -in "other/keys/${key##*/}"); done
same "log" "$(($(rev) + 1)) restore" "$(U history --json | python3 -c 'import json, sys; c = json.load(sys.stdin)[-1]; print(c["revision"], c["action"])')"
U explain --file "$data/certs/capf.der" >explained || true
grep -q stolen explained || fail "the block was lost"
expect 2 U add Phone-SAST-trust "$data/certs/sast.der"
err_has '--again'
rm -rf other
U init >/dev/null
expect 0 U restore one.bak
err_has 'the private key of the own certificate for TVS is not here'
expect 0 U verify
rm -rf other
T backup - --quiet | U restore - --quiet
expect 0 U verify
ok "restored into a missing and into an empty store, from a file and from standard input"

size=$(stat -c %s one.bak)
state before
for cut in 0 7 8 20 31 32 33 1000 $((size / 2)) $((size - 33)) $((size - 32)) $((size - 1)); do
	head -c "$cut" one.bak >bad.bak
	expect 2 T restore bad.bak --force
	err_one_line
done
{ cat one.bak; echo; } >bad.bak
expect 2 T restore bad.bak --force
err_has 'damaged'
for at in 9 13 20 28 32 33 40 200 $((size / 3)) $((size / 2)) $((size - 45)) $((size - 5)); do
	python3 -c 'import sys; b = bytearray(open("one.bak", "rb").read()); b[int(sys.argv[1])] ^= 0x41; open("bad.bak", "wb").write(b)' "$at"
	expect 2 T restore bad.bak --force
	err_one_line
done
# a right digest over wrong contents
cat >forge.py <<'PYTHON'
import hashlib, sys
b = open("one.bak", "rb").read()[:-32]
kind = sys.argv[1]
if kind == "version": b = b[:11] + b"\x02" + b[12:]
elif kind == "store": b = b[:15] + b"\x02" + b[16:]
elif kind == "label": b = b.replace(b"the label", b"the Label")
elif kind == "roles": i = b.rindex(b"callmanager-trust\x00"); i = b.index(b"callmanager-trust\x00"); b = b[:i] + b"callmanager-truss\x00" + b[i + 18:]
elif kind == "unknown": b = b.replace(b"\x03\x00\x05block", b"\x03\x00\x05blocK")
elif kind == "order": b = b.replace(b"\x03\x00\x05block", b"\x03\x00\x04meta\x03\x00\x05block")
elif kind == "length": b = b.replace(b"\x04\x00\x00\x00\x06format", b"\x04\xff\xff\xff\xffformat")
elif kind == "traversal": b = b[:32] + b"\x01\x00\x07../evil\x00\x00\x00\x01x" + b[32:]
open("bad.bak", "wb").write(b + hashlib.sha256(b).digest())
PYTHON
for kind in version store roles unknown order length traversal; do
	python3 forge.py $kind
	expect 2 T restore bad.bak
	err_one_line
	case $kind in version | store | unknown) err_has 'this program' ;; esac
done
python3 forge.py roles
expect 2 T restore bad.bak
err_has 'is not whole'
for file in "$data/certs/ccm.der" store/data.mdb /dev/null "$tmp"; do
	expect 2 T restore "$file" --force
	err_one_line
done
unchanged before "a refused restore"
head -c 1000 one.bak >bad.bak
expect 2 truststore --store "$tmp/never" restore bad.bak
[ ! -e never ] || fail "a store was made for a damaged backup"
ok "what was cut, changed, forged or is of another version is refused, and nothing changes"

T add CAPF-trust "$data/certs/capf.der" >/dev/null 2>&1
state before
expect 2 T restore one.bak
err_has '--force'
err_has 'newer changes'
unchanged before "an older backup"
expect 0 T restore one.bak --force
expect 0 T verify
same "list" "$(cat first.list)" "$(T list --json)"
same "the log goes on" true "$(T history --json >out; json '[c["revision"] for c in d] == list(range(1, len(d) + 1)) and d[-1]["action"] == "restore" and d[-2]["action"] in ("add", "other", "end")')"
expect 0 T restore fips.bak --force --without-keys --json
same "no warnings" '[]' "$(json 'd["warnings"]')"
# forward, the phones have learnt what comes; back, they may have forgotten
cp -a store ahead
A() { truststore --store "$tmp/ahead" "$@"; }
A backup behind.bak --quiet
A identity new TVS --cn tvs.example.test --yes --quiet
expect 0 A backup ahead.bak --with-keys --passphrase-file pass
cp -a store behind
expect 0 truststore --store "$tmp/behind" restore ahead.bak --passphrase-file pass --json
same "no warnings" '[]' "$(json 'd["warnings"]')"
expect 0 A restore behind.bak --force --json
same "back" 1 "$(json 'len([w for w in d["warnings"] if "TVS" in w and "by hand" in w])')"
ok "own certificates that go back are warned of, not those that go forward"

# the moment of a backup with keys is remembered, and is no change
before=$(rev)
expect 0 T backup keys2.bak --with-keys --passphrase-file pass
same "the revision" "$before" "$(rev)"
expect 0 T verify
if [ "$(id -u)" = 0 ] && command -v unshare >/dev/null && unshare -m true 2>/dev/null; then
	expect 0 unshare -m bash -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && truststore --store "$1" backup keys3.bak --with-keys --passphrase-file pass' - "$tmp/store"
	err_has 'the backup was made, but the store does not know of it'
	cmp <(python3 reader.py keys2.bak) <(python3 reader.py keys3.bak) || fail "another backup"
fi
ok "a backup with keys leaves its moment in the store, where it can be written"

make_store "$tmp/another"
U() { truststore --store "$tmp/another" "$@"; }
expect 2 U restore one.bak
err_has 'another store'
expect 0 U restore keys.bak --force --passphrase-file pass --json
same "anchor" 1 "$(json 'len([w for w in d["warnings"] if "TVS" in w and "by hand" in w])')"
expect 0 U verify
same "list" "$(cat first.list)" "$(U list --json)"
# another key under the name of one of the backup's
key=$(head -n 1 first.keys)
rm "another/keys/$(tail -n 1 first.keys)"
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "another/keys/$key"
expect 2 U restore keys.bak --force --passphrase-file pass
err_has 'holds another key'
ok "an older one, or one of another store, only with --force; the log goes on"
