#!/bin/bash
# Two folders' libraries are linked into one program: none may define what another one defines.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need nm

cd "$top_builddir" || broken "no build directory"
for library in truststore/base/libbase.a truststore/libtruststore.a ocsp/libocsp.a certmon/libcertmon.a tvs/libtvs.a; do
	[ -e "$library" ] || broken "$library is not built"
	nm --defined-only --extern-only --format=posix "$library" | awk -v of="$library" 'NF > 1 && $2 ~ /[A-Z]/ { print $1, of }' | sort -u
done >"$tmp/symbols"
[ "$(wc -l <"$tmp/symbols")" -gt 500 ] || fail "nm lists no symbols"
twice=$(sort "$tmp/symbols" | awk '$1 == last { print $1 ": " of " and " $2 } { last = $1; of = $2 }')
[ -z "$twice" ] || fail "defined twice: $twice"
ok "no symbol is defined by two libraries"
