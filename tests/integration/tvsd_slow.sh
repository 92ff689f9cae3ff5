#!/bin/bash
# Slow and silent peers are cut at their deadlines; those within them are not.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl

make_store
cert_new ccm --key rsa:2048
truststore --store "$store" --quiet add CallManager-trust ccm.pem
make_conf tvs.conf 'handshake-timeout = 2s' 'idle-timeout = 3s' 'max-requests = 0'
start_tvsd tvs.conf

python3 - "$port" "$(serial_of ccm.pem)" <<'PYTHON' || fail "see above"
import select, socket, ssl, sys, threading, time
import phone

port = int(sys.argv[1])
ccm = phone.der_of("ccm.pem")
good = phone.verify_request(ccm)
query = phone.query_request("CN=ccm", bytes.fromhex(sys.argv[2]))
using = phone.context("1.2")
failures = []
PAUSE = 0.5  # seconds between two requests of a phone: shorter than the idle timeout


def hello():
    """A ClientHello as bytes."""
    outgoing = ssl.MemoryBIO()
    tls = phone.context("1.2").wrap_bio(ssl.MemoryBIO(), outgoing)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()


def until_closed(sock, each=None, most=20.0):
    """Seconds until the server closes; `each` is called again and again meanwhile."""
    begin = time.monotonic()
    while time.monotonic() - begin < most:
        try:
            if each:
                each()
            if select.select([sock], [], [], 0.1)[0] and sock.recv(100000) == b"":
                break
        except ssl.SSLWantReadError:
            continue
        except OSError:
            break
    return time.monotonic() - begin


def case(name, least, most):
    def start(body):
        def run():
            try:
                took = body()
                assert least <= took <= most, f"closed after {took:.2f} seconds"
            except BaseException as error:
                failures.append(f"{name}: {error!r}")
        thread = threading.Thread(target=run)
        thread.start()
        threads.append(thread)
    return start


threads = []


def raw():
    return socket.create_connection(("127.0.0.1", port))


@case("silent", 1.9, 3.5)
def _():
    return until_closed(raw())


@case("one byte of a handshake", 1.9, 3.5)
def _():
    sock = raw()
    sock.sendall(b"\x16")
    return until_closed(sock)


@case("a handshake that stops", 1.9, 3.5)
def _():
    sock = raw()
    sock.sendall(hello())
    return until_closed(sock)


@case("a handshake byte by byte", 1.9, 3.5)
def _():
    sock, data = raw(), iter(hello())
    return until_closed(sock, lambda: sock.send(bytes([next(data)])))


@case("idle", 2.9, 4.5)
def _():
    return until_closed(phone.connect("127.0.0.1", port, using=using))


@case("idle after an answer", 2.9, 4.5)
def _():
    sock = phone.connect("127.0.0.1", port, using=using)
    assert phone.ask(sock, good).trusted
    return until_closed(sock)


@case("busy for longer than every deadline, then idle", 11, 14.5)
def _():
    sock = phone.connect("127.0.0.1", port, using=using)
    begin = time.monotonic()
    while time.monotonic() - begin < 9:
        assert phone.ask(sock, good).trusted
        time.sleep(PAUSE)
    return until_closed(sock) + 9


@case("a request that stops", 9.9, 11.5)
def _():
    sock = phone.connect("127.0.0.1", port, using=using)
    sock.sendall(good[:100])
    return until_closed(sock)


@case("a request byte by byte", 9.9, 11.5)
def _():
    sock = phone.connect("127.0.0.1", port, using=using)
    data = iter(good)
    return until_closed(sock, lambda: sock.send(bytes([next(data)])))


@case("answers that nobody takes", 9.9, 16)
def _():
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.connect(("127.0.0.1", port))
    sock = using.wrap_socket(plain)
    sock.setblocking(False)
    begin = time.monotonic()
    while time.monotonic() - begin < 18:
        try:
            sock.send(query * 20)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            select.select([], [sock], [], 1)
        except OSError:
            break
    return time.monotonic() - begin


# meanwhile phones are answered at once
worst = 0
for thread in threads:
    while thread.is_alive():
        begin = time.monotonic()
        with phone.connect("127.0.0.1", port, using=using) as sock:
            assert phone.ask(sock, good).trusted
        worst = max(worst, time.monotonic() - begin)
        thread.join(0.1)
if worst > 0.5:
    failures.append(f"a phone waited {worst} seconds")
print("\n".join(failures), file=sys.stderr)
sys.exit(bool(failures))
PYTHON
log_has "handshake not done in time address=127.0.0.1:"
log_has "reason=request-timeout"
log_has "reason=write-timeout"
ok "silent, slow and deaf peers are cut at their deadline, others are not"
