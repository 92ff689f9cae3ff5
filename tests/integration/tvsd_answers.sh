#!/bin/bash
# The main job, judged by an independent phone: verification, query, what the log says, several requests on a connection.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl

make_store
cert_new ccm --key rsa:2048 --subj '/CN=ccm.example.test/O=Example, Inc.'
cert_new app --subj '/CN=app'
cert_new other --subj '/CN=other'
ca_new ca --subj '/CN=CA'
cert_new issued --ca ca
cert_new twin --subj '/CN=app'
cert_new renewed --subj '/CN=app' --key key=app.key --serial "$(serial_of app.pem)"
truststore --store "$store" --quiet add CallManager-trust ccm.pem
truststore --store "$store" --quiet add tomcat-trust app.pem ca.pem
make_conf tvs.conf 'max-requests = 20'
sed -i "s/^listen = .*/&, [::1]:$port/" tvs.conf
start_tvsd tvs.conf
phone=$top_srcdir/tests/integration/phone.py

expect 0 python3 "$phone" verify 127.0.0.1 "$port" ccm.pem
same answer "trusted CCM,TFTP 86400" "$(cat out)"
expect 1 python3 "$phone" verify 127.0.0.1 "$port" other.pem --device CSFuser
same answer "not trusted" "$(cat out)"
expect 0 python3 "$phone" verify ::1 "$port" app.pem --tls 1.2
same answer "trusted APP-SERVER 86400" "$(cat out)"
ok "verification over IPv4 and IPv6, TLS 1.2 and 1.3"

# the very same certificate or none: not that of a stored CA, nor one with the name, or also the key and serial number, of a stored one
expect 0 python3 "$phone" verify 127.0.0.1 "$port" ca.pem
for name in issued twin renewed; do expect 1 python3 "$phone" verify 127.0.0.1 "$port" "$name.pem"; done
ok "no chains, no names"

expect 0 python3 "$phone" query 127.0.0.1 "$port" 'O=Example, Inc.;CN=ccm.example.test' "$(serial_of ccm.pem)"
same answer "trusted CCM,TFTP 86400 $(sha256_of ccm.pem)" "$(cat out)"
expect 1 python3 "$phone" query 127.0.0.1 "$port" 'CN=ccm.example.test' "$(serial_of ccm.pem)"
ok "query"

log_has "answer type=verify device=CP-8861-SEP001122AABBCC address=127.0.0.1:"
log_has "sha256=$(sha256_of ccm.pem) verdict=trusted reason=trusted roles=CCM,TFTP ttl=86400 tls=TLS1.3 cipher=TLS_AES_256_GCM_SHA384 us="
log_has "answer type=verify device=CSFuser address=127.0.0.1:"
log_has "sha256=$(sha256_of other.pem) verdict=not-trusted reason=unknown roles=none ttl=0 "
log_has "address=[::1]:"
log_has "tls=TLS1.2 cipher=ECDHE-RSA-AES256-GCM-SHA384"
log_has "answer type=query device=CP-8861-SEP001122AABBCC"
ok "one line an answer, with all that it should say"

python3 - "$port" "$(serial_of ccm.pem)" <<'PYTHON' || fail "see above"
import socket, ssl, struct, sys, time
import phone

port = int(sys.argv[1])
ccm, app, other = (phone.der_of(name + ".pem") for name in ("ccm", "app", "other"))


def closed(sock):
    """True if the server says farewell: close_notify, not a broken connection."""
    sock.settimeout(5)
    return sock.recv(1) == b""


# several, one after the other, with any session id
with phone.connect("127.0.0.1", port) as sock:
    for session, der, trusted in ((0, ccm, True), (0xffffffff, other, False), (7, app, True)):
        assert phone.ask(sock, phone.verify_request(der, session)).trusted == trusted

# pipelined, in their order, in one write and in single bytes
requests = [phone.verify_request(der, i) for i, der in enumerate((ccm, other, app, ccm, other))]
for step in (1 << 20, 700, 1):
    with phone.connect("127.0.0.1", port) as sock:
        data = b"".join(requests[:5 if step > 1 else 2])
        for at in range(0, len(data), step):
            sock.sendall(data[at:at + step])
        for i in range(5 if step > 1 else 2):
            answer = phone.Response(phone.read_frame(sock))
            assert answer.session == i and answer.trusted == (i not in (1, 4)), (step, i)

# version 0, garbage in the reserved byte, unknown elements
body = phone.device("SEP") + phone.element(200, b"x" * 300) + phone.element(phone.CERTIFICATE, ccm)
with phone.connect("127.0.0.1", port) as sock:
    assert phone.ask(sock, phone.frame(phone.VERIFY_REQ, 1, body, version=0, reserved=0xf7)).trusted
    # missing elements are answered
    assert not phone.ask(sock, phone.frame(phone.VERIFY_REQ, 2, b"")).trusted
    assert not phone.ask(sock, phone.frame(phone.QUERY_REQ, 3, phone.device())).trusted
    # what a phone says does not break the log
    evil = phone.element(phone.DEVICE, b"\x01a\nb c=\xff\"\x00") + phone.element(phone.CERTIFICATE, ccm)
    assert phone.ask(sock, phone.frame(phone.VERIFY_REQ, 4, evil)).trusted
    # the largest request
    rest = 65535 - len(phone.element(200, b"")) - len(phone.element(phone.CERTIFICATE, ccm))
    body = phone.element(200, b"y" * rest) + phone.element(phone.CERTIFICATE, ccm)
    assert phone.ask(sock, phone.frame(phone.VERIFY_REQ, 5, body)).trusted

# max-requests: the last one is answered, then comes the farewell
with phone.connect("127.0.0.1", port) as sock:
    for i in range(20):
        assert phone.ask(sock, phone.verify_request(ccm, i)).session == i
    assert closed(sock)

# a whole response is one TLS record
request = phone.query_request("CN=ccm.example.test,O=Example\\, Inc.", bytes.fromhex(sys.argv[2]))
using, incoming, outgoing = phone.context("1.2"), ssl.MemoryBIO(), ssl.MemoryBIO()
tls = using.wrap_bio(incoming, outgoing)
with socket.create_connection(("127.0.0.1", port), 5) as raw:
    def exchange(step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                raw.sendall(outgoing.read())
                incoming.write(raw.recv(65536))
    exchange(tls.do_handshake)
    tls.write(request)
    raw.sendall(outgoing.read())
    header = phone.read_exactly(raw, 5)
    assert header[0] == 23, "application data"
    incoming.write(header + phone.read_exactly(raw, int.from_bytes(header[3:], "big")))
    answer = phone.Response(tls.read(70000))
    assert answer.certificate == ccm

# a phone that closes first gets close_notify too
with phone.connect("127.0.0.1", port) as sock:
    assert phone.ask(sock, phone.verify_request(ccm)).trusted
    sock.unwrap()
PYTHON
log_has 'device=a\x0ab\x20c\x3d\xff\x22\x00 '
same 'lines of malformed requests' 2 "$(grep -c 'reason=malformed' tvsd.log)"
ok "several and pipelined requests, in any portions; odd but good ones"

stop "$tvsd_pid"
same 'exit code' 0 "$stopped"
