#!/bin/bash
# RSA key exchange tells nobody whether a padding was good: six kinds, one answer, one time.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3

make_store
make_conf conf
start_tvsd conf
openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 -out own.pem
modulus=$(openssl x509 -in own.pem -noout -modulus | cut -d= -f2)

# Medians are compared; on a busy machine more than once. A build with sanitizers has times of its own: there the answers count.
timed=yes
! grep -q __asan_init "$(command -v tvsd)" || timed=
for try in 1 2 3 4 5 6 7 8 9 10 11 12; do
	code=0
	python3 "$top_srcdir/tests/integration/tls_padding.py" "$port" "$modulus" 65537 40 >out || code=$?
	[ "$code" = 3 ] && [ "$timed" ] || break
done
[ "$timed" ] || [ "$code" != 3 ] || code=0
cat out
[ "$code" != 1 ] || fail "the answers differ"
[ "$code" != 3 ] || fail "the times differ in each of $try rounds"
same "exit code" 0 "$code"
grep -q "^good .*\['150303000202" out || fail "no alert"
ok "six kinds of padding, no difference"
