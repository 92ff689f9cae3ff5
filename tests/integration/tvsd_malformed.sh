#!/bin/bash
# Every malformed frame closes its connection and no other, with one line in the log.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl

make_store
cert_new ccm
truststore --store "$store" --quiet add CallManager-trust ccm.pem
make_conf tvs.conf 'workers = 1' 'max-connections-per-address = 1000'
sed -i '0,/^workers/{/^workers/d}' tvs.conf
start_tvsd tvs.conf

python3 - "$port" >ports <<'PYTHON' || fail "see above"
import random, ssl, sys
import phone

port = int(sys.argv[1])
ccm = phone.der_of("ccm.pem")
good = phone.verify_request(ccm)
using = phone.context("1.2")
bystander = phone.connect("127.0.0.1", port, using=using)


def refused(data, before=b""):
    with phone.connect("127.0.0.1", port, using=using) as sock:
        print(sock.getsockname()[1])
        if before:
            assert phone.ask(sock, before).trusted
        sock.sendall(data)
        sock.settimeout(5)
        assert sock.recv(1) == b"", data[:20].hex()
    assert phone.ask(bystander, good).trusted


element, frame, VERIFY = phone.element, phone.frame, phone.VERIFY_REQ
bad = [
    b"\x58" + good[1:], b"GET / HTTP/1.1\r\n\r\n", b"\x00", b"\x16\x03\x01\x00\x05",       # discriminator
    frame(VERIFY, 1, b"", version=2), frame(VERIFY, 1, b"", version=255), b"\x57\x02",      # version
    frame(0, 1, b""), frame(2, 1, b""), frame(4, 1, b""), frame(5, 1, b""), b"\x57\x01\xff", # type
    frame(VERIFY, 1, b"\x01"), frame(VERIFY, 1, b"\x01\x00"),                                # overrun
    frame(VERIFY, 1, b"\x01\x00\x05abcd"), frame(VERIFY, 1, b"\x02\xff\xff" + b"x" * 100),
    frame(VERIFY, 1, element(1, b"\x01a") * 2), frame(VERIFY, 1, element(2, ccm) + element(2, ccm)), # repeated
    frame(VERIFY, 1, element(2, ccm) + element(3, b"a\0") + element(3, b"b\0")),
    frame(VERIFY, 1, b"")[:9] + b"\x02\x57\x01",                                              # two bytes of a body
]
for data in bad:
    refused(data)
refused(bad[0], before=good)
# bytes behind a good frame are the next one: answered, then refused
with phone.connect("127.0.0.1", port, using=using) as sock:
    print(sock.getsockname()[1])
    sock.sendall(good + b"\x58")
    assert phone.Response(phone.read_frame(sock)).trusted
    assert sock.recv(1) == b""

# whatever comes: the service lives, and answers the bystander
random.seed(2445)
for _ in range(150):
    data = bytearray(good)
    for _ in range(random.randint(1, 4)):
        data[random.randrange(40)] = random.randrange(256)
    with phone.connect("127.0.0.1", port, using=using) as sock:
        sock.sendall(data)
        sock.settimeout(0.02)
        try:
            sock.recv(100)
        except (TimeoutError, OSError):
            pass
assert phone.ask(bystander, good).trusted
PYTHON
# one_line PORT: the log has exactly one line about that connection's frame
one_line()
{
	[ "$(grep -c "malformed frame address=127.0.0.1:$1 reason=malformed error=[a-z]* head=" tvsd.log)" = 1 ]
}
while read -r one; do
	wait_for 5 one_line "$one" || fail "not exactly one line about the malformed frame from port $one"
done <ports
for word in discriminator version type overrun repeated; do
	log_has " error=$word "
done
! grep -q 'worker ended' tvsd.log || fail "a worker died"
ok "$(wc -l <ports) malformed frames: each closes its connection, with one line"
