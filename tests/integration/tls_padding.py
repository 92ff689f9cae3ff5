#!/usr/bin/python3
"""Sends RSA key exchanges with good and bad paddings to a TLS server, and compares what comes back, and when.

    tls_padding.py PORT MODULUS EXPONENT SAMPLES    numbers in hexadecimal and decimal

The handshake is written from RFC 5246 alone: a hello with one suite (AES128-SHA), the key exchange, and a Finished
of random bytes, which no secret can make right. So every kind must end in the same alert after the same time. Prints
a line for each kind; exit 1 if the answers differ, 3 if only the times do.
"""
import os
import socket
import statistics
import struct
import sys
import time

VERSION = b"\x03\x03"
KINDS = ("good", "not 00 02", "zero in the padding", "47 bytes", "other version", "no zero")


def record(kind, data):
    return bytes([kind]) + VERSION + struct.pack(">H", len(data)) + data


def handshake(kind, body):
    return bytes([kind]) + struct.pack(">I", len(body))[1:] + body


def block(kind, size):
    """PKCS#1 type 2 around a premaster secret (RFC 8017 7.2.1), right or wrong."""
    secret = VERSION + os.urandom(46)
    padding = bytes(b % 255 + 1 for b in os.urandom(size - 51))
    if kind == "not 00 02":
        return b"\x00\x01" + padding + b"\x00" + secret
    if kind == "zero in the padding":
        return b"\x00\x02" + padding[:4] + b"\x00" + padding[5:] + b"\x00" + secret
    if kind == "47 bytes":
        return b"\x00\x02" + padding + b"\x5a\x00" + secret[1:]
    if kind == "other version":
        return b"\x00\x02" + padding + b"\x00" + b"\x03\x02" + secret[2:]
    if kind == "no zero":
        return b"\x00\x02" + padding + b"\x5a" + bytes(b % 255 + 1 for b in secret)
    return b"\x00\x02" + padding + b"\x00" + secret


def read_exactly(sock, count):
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def read_until_done(sock):
    """Reads ServerHello, Certificate and ServerHelloDone."""
    messages = b""
    while True:
        head = read_exactly(sock, 5)
        messages += read_exactly(sock, struct.unpack(">H", head[3:])[0])
        if head[0] != 22:
            raise ValueError("the server answers the hello with " + messages.hex())
        if messages.endswith(b"\x0e\x00\x00\x00"):
            return


def answer(sock):
    data = b""
    try:
        while True:
            more = sock.recv(4096)
            if not more:
                return data.hex() + " closed"
            data += more
    except ConnectionError:
        return data.hex() + " reset"


def attempt(port, modulus, exponent, kind):
    size = (modulus.bit_length() + 7) // 8
    cipher = pow(int.from_bytes(block(kind, size), "big"), exponent, modulus).to_bytes(size, "big")
    last = record(22, handshake(16, struct.pack(">H", size) + cipher)) + record(20, b"\x01") + \
        record(22, os.urandom(64))
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(record(22, handshake(1, VERSION + os.urandom(32) + b"\0" + b"\0\x02\0\x2f" + b"\x01\0")))
        read_until_done(sock)
        before = time.perf_counter()
        sock.sendall(last)
        first = sock.recv(7)
        took = time.perf_counter() - before
        return (first.hex() + answer(sock)), took


def main():
    port, modulus, exponent, samples = int(sys.argv[1]), int(sys.argv[2], 16), int(sys.argv[3]), int(sys.argv[4])
    answers = {kind: set() for kind in KINDS}
    times = {kind: [] for kind in KINDS}
    for _ in range(samples):
        for kind in KINDS:
            got, took = attempt(port, modulus, exponent, kind)
            answers[kind].add(got)
            times[kind].append(took)
    for kind in KINDS:
        print("%-20s %7.1f us  %s" % (kind, 1e6 * statistics.median(times[kind]), sorted(answers[kind])))
    if len(set.union(*answers.values())) != 1:
        return 1
    medians = [statistics.median(t) for t in times.values()]
    return 3 if max(medians) > 1.1 * min(medians) else 0


sys.exit(main())
