"""H1 H2 H3 M1 R1 Q1 Q2: the daemon against nginx, redis and a bare GnuTLS server."""
from servers import HANDSHAKES, handshake_us, keys, nginx, question_us, redis, tvsd
from tools import Load, Server, free_port, load, main, medians, program, row, run, value

ROUNDS = 5
OPEN = 5000


def compare(ident, figure, ours, theirs, priority, bound):
    row(ident, figure, *medians(ROUNDS, handshake_us(ours, priority), handshake_us(theirs, priority)), "us", bound)


def handshakes(directory, store):
    base = "NONE:+VERS-TLS1.{}:+AES-256-GCM:+AEAD:+ECDHE-{}:+GROUP-X25519:+GROUP-SECP256R1:+SIGN-ALL:+CTYPE-X509"
    for ident, kind, sign, bounds in (("H1", "rsa", "RSA", (1.0, 1.0)), ("H2", "ec", "ECDSA", (1.1, 1.0))):
        ours, theirs = tvsd(directory, kind, store), nginx(directory, kind)
        try:
            compare(ident, f"full handshake, {sign}, TLS 1.2", ours, theirs, base.format(2, sign), bounds[0])
            compare(ident, f"full handshake, {sign}, TLS 1.3", ours, theirs, base.format(3, sign), bounds[1])
        finally:
            ours.stop()
            theirs.stop()
    ours = tvsd(directory, "rsa", store, **{"min-tls": "1.0", "ciphers": "AES256-SHA"})
    theirs = nginx(directory, "rsa", "AES256-SHA", "TLSv1 TLSv1.1 TLSv1.2")
    old = "NONE:+VERS-TLS1.{}:+AES-256-CBC:+SHA1:+RSA:+SIGN-ALL:+CTYPE-X509"
    try:
        compare("H3", "full handshake, AES256-SHA, TLS 1.2", ours, theirs, old.format(2), 1.0)
        compare("H3", "full handshake, AES256-SHA, TLS 1.0", ours, theirs, old.format(0), 1.0)
    finally:
        ours.stop()
        theirs.stop()


def questions(directory, store, requests):
    ours, theirs = tvsd(directory, "rsa", store), redis(directory)
    try:
        row("Q1", "one verification, 50 connections",
            *medians(ROUNDS, question_us(ours, 50, requests), question_us(theirs, 50, f"{directory}/get")), "us", 1.05)
    finally:
        theirs.stop()
    port = free_port()
    echo = Server(program("tests/bench/echo"), str(port), f"{directory}/rsa.pem", f"{directory}/rsa.key", "25", port=port,
                  log=f"{directory}/echo.log")
    try:
        def p99(server):
            return lambda: value(load("rate", server.port, 50, 5000, 4, requests), "p99") * 1e6
        row("Q2", "p99 latency at 5,000 verifications a second", *medians(ROUNDS, p99(ours), p99(echo)), "us", 1.5)
    finally:
        echo.stop()
        ours.stop()


def idle_bytes(server):
    before = server.resident_bytes()
    client = Load("idle", server.port, OPEN)
    used = server.resident_bytes() - before
    client.end()
    return used / OPEN


def memory(directory, store):
    ours, theirs = tvsd(directory, "rsa", store), nginx(directory, "rsa")
    try:
        row("M1", f"resident memory of an idle connection, {OPEN} open", idle_bytes(ours), idle_bytes(theirs), "bytes", 0.85)
    finally:
        ours.stop()
        theirs.stop()


def silent(directory, store):
    ours = tvsd(directory, "rsa", store, **{"handshake-timeout": "300s"})
    priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2"

    def rate():
        text = load("handshake", ours.port, priority, HANDSHAKES)
        return value(text, "count") / value(text, "seconds")

    def rate_beside():
        held = Load("silent", ours.port, 1000)
        got = rate()
        held.end()
        return got
    try:
        rate()
        beside, alone = medians(ROUNDS, rate_beside, rate)
        row("R1", "handshakes a second beside 1,000 silent connections", beside, alone, "/s", 0.95, least=True)
    finally:
        ours.stop()


def part(directory):
    keys(directory)
    store = f"{directory}/store"
    run(program("truststore/truststore"), "--store", store, "init")
    run(program("tests/bench/mkcerts"), "1000", "1000", directory, "1000", "1")
    run(program("truststore/truststore"), "--store", store, "--quiet", "add", "tomcat-trust", f"{directory}/certs-00.pem")
    handshakes(directory, store)
    questions(directory, store, f"{directory}/requests")
    memory(directory, store)
    silent(directory, store)


main(part)
