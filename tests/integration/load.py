#!/usr/bin/python3
"""Many phones at once, well-behaved and not: each gets the right answer, or its connection closed.

    load.py PORT SECONDS PHONES TRUSTED.der UNKNOWN.der

Prints "requests=N connections=N"; exit 1 with the first wrong answer.
"""
import random
import socket
import struct
import sys
import threading
import time

import phone

HOST = "127.0.0.1"


class Load:
    def __init__(self, port, seconds, trusted, unknown):
        self.port = port
        self.end = time.monotonic() + seconds
        self.trusted, self.unknown = trusted, unknown
        self.requests = self.connections = 0
        self.failure = None
        self.using = phone.context(ciphers="DEFAULT")

    def connect(self):
        self.connections += 1
        return phone.connect(HOST, self.port, 20, self.using)

    def good(self, sock, session):
        trusted = random.random() < 0.5
        answer = phone.ask(sock, phone.verify_request(self.trusted if trusted else self.unknown, session))
        self.requests += 1
        if answer.trusted != trusted:
            raise AssertionError(f"trusted={answer.trusted} instead of {trusted}")

    def well_behaved(self):
        with self.connect() as sock:
            for session in range(1001, 1001 + random.randint(1, 20)):
                self.good(sock, session)

    def pipelined(self):
        with self.connect() as sock:
            sock.sendall(b"".join(phone.verify_request(self.trusted, n) for n in range(10)))
            for n in range(10):
                answer = phone.Response(phone.read_frame(sock))
                self.requests += 1
                if not answer.trusted or answer.session != n:
                    raise AssertionError("pipelined answer")

    def query(self):
        with self.connect() as sock:
            answer = phone.ask(sock, phone.query_request("CN=nobody;O=nowhere", b"\x01\x02"))
            self.requests += 1
            if answer.trusted:
                raise AssertionError("nobody is trusted")

    def malformed(self):
        frame = bytearray(phone.verify_request(self.trusted))
        frame[random.choice((0, 1, 2, 8, 11))] ^= 0x7f
        with self.connect() as sock:
            sock.sendall(frame[:-1] if random.random() < 0.1 else frame)
            sock.settimeout(1)
            try:
                sock.recv(1)
            except (OSError, socket.timeout):
                pass

    def gone(self):
        """Leaves in the middle of a frame, or of the handshake."""
        if random.random() < 0.5:
            with socket.create_connection((HOST, self.port), 20) as sock:
                sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"[:random.randint(1, 9)])
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        with self.connect() as sock:
            sock.sendall(phone.verify_request(self.trusted)[:random.randint(1, 500)])

    def garbage(self):
        with socket.create_connection((HOST, self.port), 20) as sock:
            try:
                sock.sendall(random.randbytes(random.randint(1, 2000)))
                sock.settimeout(1)
                sock.recv(100)
            except (OSError, socket.timeout):
                pass

    def run(self):
        kinds = [self.well_behaved] * 6 + [self.pipelined, self.query, self.malformed, self.gone, self.garbage]
        while time.monotonic() < self.end and not self.failure:
            try:
                random.choice(kinds)()
            except Exception as error:  # whatever it is, it ends the test
                self.failure = self.failure or error


def main():
    port, seconds, phones = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    load = Load(port, seconds, phone.der_of(sys.argv[4]), phone.der_of(sys.argv[5]))
    threads = [threading.Thread(target=load.run) for _ in range(phones)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"requests={load.requests} connections={load.connections}")
    if load.failure:
        print(f"load.py: {type(load.failure).__name__}: {load.failure}", file=sys.stderr)
    return 1 if load.failure else 0


if __name__ == "__main__":
    sys.exit(main())
