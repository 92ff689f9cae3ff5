#!/bin/bash
# 1000 odd certificates: each is accepted, or refused with a reason; nothing crashes, no line is broken by their names.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3
need_python cryptography
T() { truststore --store "$tmp/store" "$@"; }
T init >/dev/null
T stores set CallManager-trust --same-subject keep >/dev/null
mkdir odd
python3 -W ignore "$top_srcdir/tests/integration/odd_certs.py" odd 1000 2>python.log || broken "the certificates cannot be made"
same "certificates" 1000 "$(ls odd | wc -l)"
expect 0 "$top_builddir/tests/integration/odd_add" store odd
cp out verdicts
cat >judge.py <<'PYTHON'
lines = open("verdicts", "rb").read().split(b"\n")
assert lines.pop() == b"" and len(lines) == 1000, len(lines)
got = {}
for line in lines:
    assert all(c >= 32 or c == 9 for c in line), line
    line.decode()
    name, verdict, why = line.decode().split("\t")
    assert (verdict == "refused") == bool(why), line
    got[name[:-4]] = verdict, why
wanted = {
    "accepted": "plain empty-subject empty-names serial-20 serial-60 serial-negative serial-zero sans-200 utf8 bmp universal teletex newline escape nul "
                "bidi separators quotes long-name unknown-attribute no-extensions unknown-extension v1 rsa-512 rsa-4096 p521 ed25519 year-2055 year-9999 future",
    "refused": "serial-500 serial-empty twice rsa-16384 expired trailing cut empty zeroes deep huge-length large",
}
for verdict, names in wanted.items():
    for name in names.split():
        assert got[name][0] == verdict, (name, got[name])
for name, word in (("rsa-16384", "4096"), ("expired", "expired")):
    assert word in got[name][1], got[name]
accepted = sum(v[0] == "accepted" for v in got.values())
assert 100 < accepted < 900, accepted
print(accepted)
PYTHON
python3 judge.py >accepted || fail "a verdict or a line is wrong"
ok "1000 certificates, of which $(cat accepted) were accepted, each other one refused with a reason"

expect 0 T verify
T list --json >all.json
stored=$(json 'len(d)' all.json)
# every control character of a name is escaped wherever a name is shown
lines()
{
	[ "$(tr -d '\n' <"$1" | LC_ALL=C tr -cd '\000-\037\177' | wc -c)" = 0 ] || fail "$2: a control character"
	! grep -q "$(printf '\xe2\x80\xae')" "$1" || fail "$2: a sign that turns the direction"
}
T list >list.out
lines list.out list
same "lines of the list" $((stored + 1)) "$(wc -l <list.out)"
T history >history.out
lines history.out history
T export --format dir --out exported >/dev/null
same "exported files" "$stored" "$(ls exported | wc -l)"
for name in newline escape nul bidi quotes bmp empty-subject serial-negative v1; do
	hash=$(sha256sum "odd/$name.der" | cut -c 1-64)
	T show "$hash" >show.out
	lines show.out "show $name"
	T explain "$hash" >explain.out || true
	lines explain.out "explain $name"
	same "exported as it was" "$hash" "$(T export "$hash" --format der | sha256sum | cut -c 1-64)"
done
ok "list, history, show, explain and export keep to their lines"

# the program itself says the same of a part of them
rm -rf store
T init >/dev/null
T stores set CallManager-trust --same-subject keep >/dev/null
for name in plain newline escape empty-subject serial-negative rsa-16384 twice cut deep large expired trailing mutant-00{00..19}; do
	code=0
	T add CallManager-trust "odd/$name.der" >out 2>err || code=$?
	lines out "add $name"
	lines err "add $name"
	case $code in 0) verdict=accepted ;; 2) verdict=refused ;; *) fail "exit code $code for $name" ;; esac
	[ "$code" = 0 ] || err_one_line
	same "$name" "$verdict" "$(sed -n "s/^$name\.der\t\([a-z]*\)\t.*/\1/p" verdicts)"
done
ok "truststore add says the same"
