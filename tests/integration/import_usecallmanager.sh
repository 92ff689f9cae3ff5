#!/bin/bash
# truststore import-usecallmanager: the database of the open-source daemons, and what tvsd then answers.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python sqlite3
make_store
T() { truststore --store "$tmp/store" "$@"; }
: >empty.db
if T import-usecallmanager empty.db 2>&1 | grep -q 'built without libsqlite3'; then
	ok "without libsqlite3 it says so"
	not_here "built without libsqlite3"
fi

# made as the daemons' own tool makes it: lower-case SHA-256, the PEM as a blob in a column of text, roles joined by commas
cat >make.py <<'PYTHON'
import base64, hashlib, os, sqlite3, sys
data, file, kind = sys.argv[1:4]
if os.path.exists(file): os.remove(file)
db = sqlite3.connect(file)
if kind == "wal": db.execute("PRAGMA journal_mode = WAL")
columns = ("certificate_hash TEXT PRIMARY KEY, serial_number TEXT NOT NULL, subject_name TEXT NOT NULL, "
           "issuer_name TEXT NOT NULL, certificate TEXT NOT NULL, roles TEXT NOT NULL, ttl INTEGER")
if kind == "loose": columns = "certificate_hash, serial_number, subject_name, issuer_name, certificate, roles, ttl"
db.execute("CREATE TABLE %s (%s)%s" % ("real" if kind == "view" else "certificates", columns, "" if kind == "loose" else " WITHOUT ROWID"))
def add(name, roles, ttl=86400, hash=None, pem=None, text=False):
    with open(name if name.endswith(".der") else f"{data}/certs/{name}.der", "rb") as cert:
        der = cert.read()
    pem = pem or b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
    row = (hash or hashlib.sha256(der).hexdigest(), "01", "CN=x", "CN=x", pem.decode() if text else pem, roles, ttl)
    db.execute("INSERT INTO %s VALUES (?, ?, ?, ?, ?, ?, ?)" % ("real" if kind == "view" else "certificates"), row)
add("ccm", "CCM,TFTP")
add("tomcat", "APP-SERVER", 3600, text=True)
add("ccm-ec", "CCM+TFTP")
add("sast", "SAST")
add("capf", "CAPF", None)
add("sast2", "TFTP" if kind == "changed" else "SAST,CCM", 77)
add("tvs", "TVS")
if kind == "ed": add("ed.der", "APP-SERVER")
if kind == "hash": add("phone-lsc", "CCM", hash="00" * 32)
if kind == "nohash": add("phone-lsc", "CCM", hash="zz")
if kind == "pem": add("phone-lsc", "CCM", pem=b"no certificate")
if kind == "broken": add("phone-lsc", "CCM", pem=b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
if kind == "huge": add("phone-lsc", "CCM", pem=b"A" * 50000000)
if kind == "role": add("phone-lsc", "CCM,ROOT")
if kind == "norole": add("phone-lsc", "")
if kind == "ttl0": add("phone-lsc", "CCM", 0)
if kind == "ttlbig": add("phone-lsc", "CCM", 10 ** 12)
if kind == "ttltext": add("phone-lsc", "CCM", "soon")
if kind == "roleblob": add("phone-lsc", b"CCM")
if kind == "two": add("phone-lsc", "CCM", pem=2 * (b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(open(data + "/certs/phone-lsc.der", "rb").read()) + b"-----END CERTIFICATE-----\n"))
if kind == "loose": add("ccm", "TFTP")
if kind == "view": db.execute("CREATE VIEW certificates AS SELECT * FROM real")
if kind == "odd": db.execute("ALTER TABLE certificates RENAME TO others")
if kind == "column": db.execute("ALTER TABLE certificates RENAME COLUMN ttl TO lifetime")
db.commit()
if kind == "wal":
    db.close()
PYTHON
make() { python3 make.py "$data" "$1.db" "$1"; }
revision() { T history --json | grep -c '"revision"'; }

before=$(revision)
for kind in hash nohash pem broken huge role norole ttl0 ttlbig ttltext roleblob two loose view odd column; do
	make "$kind"
	expect 2 T import-usecallmanager "$kind.db"
	err_one_line
	err_has "$kind.db"
	case $kind in
	hash) err_has 'not that of its certificate' ;;
	huge) err_has 'bytes' ;;
	role) err_has 'ROOT' ;;
	ttl* ) err_has 'ttl' ;;
	two) err_has 'more than one' ;;
	loose) err_has 'twice' ;;
	view) err_has 'view' ;;
	odd) err_has 'no table' ;;
	column) err_has 'ttl' ;;
	esac
done
expect 2 T import-usecallmanager "$data/certs/ccm.der"
err_has 'no SQLite database'
expect 2 T import-usecallmanager empty.db
expect 2 T import-usecallmanager missing.db
expect 2 T import-usecallmanager "$tmp"
expect 2 T import-usecallmanager "$tmp/store/data.mdb"
make good
# pages that were overwritten: a reason, never a crash, never a part of it
python3 - <<'PYTHON'
import random
random.seed(7)
good = open("good.db", "rb").read()
for i in range(40):
    b = bytearray(good)
    for _ in range(random.choice((1, 3, 20, 200))):
        b[random.randrange(16, len(b))] = random.randrange(256)
    open("bad%d.db" % i, "wb").write(b[:random.randrange(100, len(b))] if i % 4 == 0 else b)
PYTHON
for i in {0..39}; do
	code=0
	T import-usecallmanager "bad$i.db" --dry-run >out 2>err || code=$?
	case $code in 0) ;; 2) err_one_line ;; *) fail "exit code $code for bad$i.db" ;; esac
done
same "nothing was imported" "$before" "$(revision)"
ok "hostile and damaged databases are refused with a reason, and nothing of them is taken"

expect 0 T import-usecallmanager good.db --dry-run
same "lines" 7 "$(wc -l <out)"
same "a dry run" "$before" "$(revision)"
chmod 400 good.db
# with [ocsp] enable what is new is checked at once; in a store of its own
printf '[store]\npath = %s\n[ocsp]\nenable = yes\n' "$tmp/checked" >checked.conf
expect 0 truststore --config checked.conf init
expect 0 truststore --config checked.conf --json import-usecallmanager good.db --dry-run
same "a dry run checks nothing" false "$(json '"revocation" in d')"
expect 0 truststore --config checked.conf --json import-usecallmanager good.db
same "what is new is checked" 'true' "$(json 'len(d["revocation"]) == 7 and {c["status"] for c in d["revocation"]} <= {"not-applicable", "no-source", "unreachable"}')"
expect 0 truststore --config checked.conf --json import-usecallmanager good.db
same "what is there already is not" false "$(json '"revocation" in d')"
expect 0 T import-usecallmanager good.db
same "lines" 7 "$(wc -l <out)"
same "nothing beside it" 'good.db' "$(echo good.db*)"
expect 0 T verify
of() { T list "$1" --json >list.json; json 'sorted([c["subject"].split("CN=")[1].split(",")[0][:8], c["roles"], c["ttl"]] for c in d)' list.json; }
same "CCM+TFTP" '["CCM+TFTP"]' "$(T stores --json >stores.json; json '[s["roles"] for s in d if s["name"] == "CCM-TFTP-trust"][0]' stores.json)"
same "of two stores" '["CCM", "SAST"]' "$(T explain --file "$data/certs/sast2.der" --json >e.json; json 'sorted(d["roles"])' e.json)"
same "its TTL" 77 "$(json 'd["ttl"]' e.json)"
same "no TTL" 86400 "$(T explain --file "$data/certs/capf.der" --json >e.json; json 'd["ttl"]' e.json)"
same "origin" 'true' "$(T show --file "$data/certs/ccm.der" --json >s.json; json 'd["memberships"][0]["origin"] == "import"' s.json)"
after=$(revision)
expect 0 T import-usecallmanager good.db --json
same "a second run" '["unchanged"]' "$(json 'sorted({c["outcome"] for c in d["certificates"]})')"
same "changes nothing" "$after" "$(revision)"
make wal
expect 0 T import-usecallmanager wal.db
same "a database with a write-ahead log" "$after" "$(revision)"
same "nothing beside it" 'wal.db' "$(echo wal.db*)"
ok "roles and TTLs are taken over; a second run changes nothing"

make changed
expect 0 T import-usecallmanager changed.db --json
same "changed" '["unchanged", "updated"]' "$(json 'sorted({c["outcome"] for c in d["certificates"]})')"
same "other roles" '["SAST", "TFTP"]' "$(T explain --file "$data/certs/sast2.der" --json >e.json; json 'sorted(d["roles"])' e.json)"
T remove CAPF-trust "$(sha256sum "$data/certs/capf.der" | cut -c 1-64)" >/dev/null
expect 0 T import-usecallmanager good.db --json
same "removed stays removed" 'skipped' "$(json '[c["outcome"] for c in d["certificates"] if c["roles"] == ["CAPF"]][0]')"
T stores set tomcat-trust --role none >/dev/null
expect 2 T import-usecallmanager good.db
err_has 'no trust store gives the role APP-SERVER'
T stores set tomcat-trust --role APP-SERVER >/dev/null
ok "what was removed by hand does not come back; a role that no store gives is refused"

cert_new ed --key ed25519
openssl x509 -in ed.pem -outform DER -out ed.der
make ed
printf '[store]\npath = %s/fips\n[security]\nfips = yes\n' "$tmp" >fips.conf
truststore --config fips.conf --quiet init
expect 0 truststore --config fips.conf import-usecallmanager ed.db --json
same "forbidden" "$(sha256_of ed.pem)" "$(json '",".join(c["sha256"] for c in d["certificates"] if c["outcome"] == "skipped" and "fips" in c["why"])')"
expect 1 truststore --config fips.conf explain "$(sha256_of ed.pem)"
ok "what a mode forbids is left out, with the reason"

# asked as phones ask: the recorded exchanges
vectors=$data/vectors/tvs
rm -rf store
make_store
T import-usecallmanager good.db >/dev/null
make_conf tvs.conf
start_tvsd tvs.conf
for name in ccm tomcat ccm-ec sast; do
	expect 0 python3 "$top_srcdir/tests/integration/phone.py" send 127.0.0.1 "$port" "$(sed -n 's/^C>S //p' "$vectors/verify-$name.hex")"
	same "answer to $name" "$(sed -n 's/^S>C //p' "$vectors/verify-$name.hex")" "$(cat out)"
done
ok "tvsd answers as the other daemon did, byte for byte"
