#!/bin/bash
# The daemon under valgrind, with connections of every kind, a reload and an orderly end: no error, no leak.
TEST_LIMIT=240
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl valgrind
need_python ssl
! grep -q '^TVS_CFLAGS = .*-fsanitize' "$top_builddir/Makefile" || not_here "built with sanitizers"

make_store
cert_new ccm
truststore --store "$store" --quiet add CallManager-trust ccm.pem
make_conf tvs.conf "metrics = $tmp/tvs.prom" 'min-tls = 1.0' 'handshake-timeout = 60s'
sed -i 's/^workers = .*/workers = 1/' tvs.conf
log=tvsd.log start valgrind --log-file="$tmp/valgrind.%p" --error-exitcode=66 --leak-check=full \
	--show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite,indirect,possible \
	"$(command -v tvsd)" --config tvs.conf
tvsd_pid=$pid
wait_for 60 grep -q serving tvsd.log || fail "tvsd does not start under valgrind"
python3 - "$port" <<'PYTHON' || fail "see above"
import socket, sys
import phone

port = int(sys.argv[1])
ccm = phone.der_of("ccm.pem")
good = phone.verify_request(ccm)
query = phone.query_request("CN=ccm", b"\1")


def connect(tls, **options):
    return phone.connect("127.0.0.1", port, 60, phone.context(tls, **options))


for tls in ("1.0", "1.2", "1.3"):
    for ciphers in ("AES256-SHA:@SECLEVEL=0", "ALL:@SECLEVEL=0"):
        for _ in range(2):
            with connect(tls, ciphers=ciphers) as sock:
                assert phone.ask(sock, good).trusted
                assert not phone.ask(sock, query).trusted
                sock.sendall(good * 20)
                for _ in range(20):
                    assert phone.Response(phone.read_frame(sock)).trusted
for data in (b"\x58", b"\x57\x01\x01\x00\x00\x00\x00\x00\x00\x01\x05", good[:40]):
    with connect("1.2") as sock:
        sock.sendall(data)
with connect("1.2") as sock:
    sock.sendall(phone.frame(1, 1, b"\1\1"))
    assert sock.recv(1) == b""
for data in (b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01", b""):
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(data)
try:
    connect("1.2", ciphers="AES128-CCM:@SECLEVEL=0")
except OSError:
    pass
PYTHON
held=()
for _ in 1 2 3; do
	exec {one}<>"/dev/tcp/127.0.0.1/$port"
	held+=("$one")
done
kill -HUP "$tvsd_pid"
wait_for 60 grep -q 'taken over' tvsd.log || fail "no reload under valgrind"
truststore --store "$store" --quiet remove CallManager-trust "$(sha256_of ccm.pem)"
expect 1 python3 "$top_srcdir/tests/integration/phone.py" verify 127.0.0.1 "$port" ccm.pem --timeout 60
# the workers that did all this leave in their own time: at the end, one that is slow would be killed
for one in "${held[@]}"; do exec {one}>&-; done
old=$(cat "/proc/$tvsd_pid/task/$tvsd_pid/children")
kill -HUP "$tvsd_pid"
left()
{
	local one
	for one in $old; do not alive_child "$one" || return 1; done
}
wait_for 100 left || fail "the old workers stay"
stop "$tvsd_pid" TERM 60
same 'exit code' 0 "$stopped"
summaries=0
for file in valgrind.*; do
	grep -q 'ERROR SUMMARY' "$file" || continue
	grep -q 'ERROR SUMMARY: 0 errors' "$file" || { mv "$file" "$file.log"; fail "valgrind found something"; }
	summaries=$((summaries + 1))
done
# the supervisor, its three probes, two workers
[ "$summaries" -ge 6 ] || fail "only $summaries processes were looked at"
ok "no error and no leak in $summaries processes"
