#!/bin/bash
# Connections come and go, good ones and bad ones: no descriptor and no memory stays behind. 4,000 of them; with
# TEST_FULL=1 100,000.
TEST_LIMIT=${TEST_FULL:+1500}
TEST_LIMIT=${TEST_LIMIT:-120}
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl

make_store
cert_new ccm
truststore --store "$store" --quiet add CallManager-trust ccm.pem
make_conf tvs.conf 'max-connections-per-address = 1000'
start_tvsd tvs.conf --quiet
python3 - "$port" "$tvsd_pid" "${TEST_FULL:+100000}" "$(sed -n "s/^TVS_CFLAGS = .*-fsanitize.*/sanitized/p" "$top_builddir/Makefile")" <<'PYTHON' || fail "see above"
import os, socket, sys
import phone
from events import children, connections, wait_until

port, supervisor, total = int(sys.argv[1]), sys.argv[2], int(sys.argv[3] or 4000)
good = phone.verify_request(phone.der_of("ccm.pem"))
using = phone.context("1.2", "AES256-SHA")


def processes():
    return [supervisor, *children(supervisor)]


def descriptors():
    """Of each process, when no connection is left."""
    wait_until(lambda: connections(port) == 0, why="the last connection ends")
    return {pid: len(os.listdir(f"/proc/{pid}/fd")) for pid in processes()}


def kilobytes():
    found = {}
    for pid in processes():
        with open(f"/proc/{pid}/status") as file:
            found[pid] = sum(int(line.split()[1]) for line in file if line.startswith("RssAnon:"))
    return found


def one(kind):
    plain = socket.create_connection(("127.0.0.1", port))
    try:
        if kind == 7:
            plain.sendall(b"no handshake")
        elif kind != 8:
            with using.wrap_socket(plain) as sock:
                if kind == 9:
                    sock.sendall(b"\x57\x09")
                    sock.recv(1)
                elif kind == 6:
                    sock.sendall(good[:50])
                else:
                    assert phone.ask(sock, good).trusted
    finally:
        plain.close()


def many(count):
    children = []
    for part in range(4):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                for i in range(count // 4):
                    one(i % 10)
                code = 0
            finally:
                os._exit(code)
        children.append(pid)
    for pid in children:
        assert os.waitpid(pid, 0)[1] == 0


many(2000)
fds, memory = descriptors(), kilobytes()
many(total)
fds_after, memory_after = descriptors(), kilobytes()
assert fds_after == fds, f"descriptors {fds} became {fds_after}"
grown = {pid: memory_after[pid] - memory[pid] for pid in memory}
print(f"{total} connections: memory {memory} grew by {grown} kB")
# a sanitizer keeps what was freed
assert sys.argv[4] or all(kb < 600 for kb in grown.values())
PYTHON
! grep -q 'worker ended' tvsd.log || fail "a worker died"
ok "nothing stays behind"
