#!/bin/bash
# Under load, certificates are added and removed 1,000 times: the very next answer always reflects it, on open and
# on new connections, while the store's map grows from small to large.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl

make_store
cert_new always
cert_new changing
truststore --store "$store" --quiet add CallManager-trust always.pem
make_conf tvs.conf 'max-requests = 0'
sed -i 's/^workers = .*/workers = 3/' tvs.conf
start_tvsd tvs.conf --quiet
python3 - "$port" "$top_builddir/tests/integration/churn" "$store" <<'PYTHON' || fail "see above"
import os, subprocess, sys
import phone

port, churn, store = int(sys.argv[1]), sys.argv[2], sys.argv[3]
always, changing = (phone.verify_request(phone.der_of(name + ".pem")) for name in ("always", "changing"))
using = phone.context("1.2", "AES256-SHA")


def connect():
    return phone.connect("127.0.0.1", port, using=using)


# a phone that asks all the time
load = os.fork()
if load == 0:
    sock = connect()
    try:
        while True:
            assert phone.ask(sock, always).trusted
    finally:
        os._exit(1)

size = os.path.getsize(f"{store}/data.mdb")
writer = subprocess.Popen([churn, store], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
held = [connect() for _ in range(12)]
for i in range(1000):
    writer.stdin.write(("add" if i % 2 == 0 else "remove") + " changing.pem\n")
    writer.stdin.flush()
    assert writer.stdout.readline() == "done\n"
    for sock in (held[i % 12], held[(5 * i + 7) % 12]):
        assert phone.ask(sock, changing).trusted == (i % 2 == 0), f"change {i} is not in the next answer"
    if i % 50 == 0:
        with connect() as sock:
            assert phone.ask(sock, changing).trusted
writer.stdin.close()
assert writer.wait() == 0
assert os.waitpid(load, os.WNOHANG) == (0, 0), "the phone that asks all the time was not answered"
os.kill(load, 9)
print(f"the store grew from {size >> 10} to {os.path.getsize(f'{store}/data.mdb') >> 10} kB")
assert os.path.getsize(f"{store}/data.mdb") > 8 << 20
PYTHON
! grep -q 'worker ended' tvsd.log || fail "a worker died"
ok "1,000 changes, each in the very next answer"
