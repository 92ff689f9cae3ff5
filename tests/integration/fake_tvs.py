#!/usr/bin/python3
"""A TVS that answers as it is told, rightly or wrongly: it judges the client.

    fake_tvs.py --cert FILE --key FILE --port-file FILE [--mode MODE] [--trust FILE:ROLES:TTL]...

Listens on a free port of 127.0.0.1 (or --host), which it writes to the port file, and serves one connection
after the other until it is killed. ROLES are numbers with commas. A request whose device name is one of
MUTATIONS below is answered that way. MODE is "right" or:
  ignorant    trusts nothing, whatever --trust says
  silent      accepts the connection and never says anything
  mute        shakes hands, reads, never answers
  dribble     sends its answer byte by byte, one in 0.2 s
  once        closes after each answer
  http        answers like a web server
Every request is logged to standard error: "device=... type=... session=... " and what it asks about.
"""
import argparse
import hashlib
import os
import socket
import ssl
import struct
import sys
import time
import warnings

from phone import (CERTIFICATE, DEVICE, ISSUER, QUERY_REQ, ROLES, SERIAL, STATUS, SUBJECT, TTL, VERSIONS,
                   der_of, element, elements, frame, read_frame)

REFUSED = element(STATUS, b"\1")
DRIBBLE_SECONDS = 0.2  # between two bytes of an answer: a slow server


def right(kind, session, der, roles, ttl):
    """The body of an answer in which the certificate is trusted."""
    return (element(STATUS, b"\0") + (element(CERTIFICATE, der) if kind == QUERY_REQ else b"") +
            element(ROLES, bytes(roles)) + element(TTL, struct.pack(">I", ttl)))


# what is wrong with an answer: (kind, session, body) -> bytes of the frame
MUTATIONS = {
    "session": lambda k, s, b: frame(k + 1, s + 1, b),
    "type": lambda k, s, b: frame(4 if k == 1 else 2, s, b),
    "request": lambda k, s, b: frame(k, s, b),
    "version": lambda k, s, b: frame(k + 1, s, b, version=2),
    "reserved": lambda k, s, b: frame(k + 1, s, b, reserved=0xf7),
    "unknown": lambda k, s, b: frame(k + 1, s, element(77, b"new") + b),
    "magic": lambda k, s, b: b"\x58" + frame(k + 1, s, b)[1:],
    "status-2": lambda k, s, b: frame(k + 1, s, element(STATUS, b"\2")),
    "status-long": lambda k, s, b: frame(k + 1, s, element(STATUS, b"\0\0")),
    "no-status": lambda k, s, b: frame(k + 1, s, b[4:]),
    "empty": lambda k, s, b: frame(k + 1, s, b""),
    "no-ttl": lambda k, s, b: frame(k + 1, s, b[:-7]),
    "ttl-0": lambda k, s, b: frame(k + 1, s, b[:-4] + b"\0\0\0\0"),
    "ttl-short": lambda k, s, b: frame(k + 1, s, b[:-7] + element(TTL, b"\0\1")),
    "no-roles": lambda k, s, b: frame(k + 1, s, element(STATUS, b"\0") + b[-7:]),
    "many-roles": lambda k, s, b: frame(k + 1, s, element(STATUS, b"\0") + element(ROLES, bytes(range(256))) + b[-7:]),
    "strange-role": lambda k, s, b: frame(k + 1, s, element(STATUS, b"\0") + element(ROLES, b"\4\x63\4") + b[-7:]),
    "twice": lambda k, s, b: frame(k + 1, s, b + b),
    "overrun": lambda k, s, b: frame(k + 1, s, b[:-1]),
    "cut": lambda k, s, b: frame(k + 1, s, b)[:-1],
    "cut-header": lambda k, s, b: frame(k + 1, s, b)[:7],
    "no-certificate": lambda k, s, b: frame(k + 1, s, element(STATUS, b"\0") + b[-11:]),
    "bad-certificate": lambda k, s, b: frame(k + 1, s, element(STATUS, b"\0") + element(CERTIFICATE, b"0\3\2\1\5") + b[-11:]),
    "huge": lambda k, s, b: frame(k + 1, s, b + element(77, bytes(60000))),
}


class Fake:
    def __init__(self, use):
        self.use = use
        self.trusted = {}
        for text in use.trust if use.mode != "ignorant" else []:
            path, roles, ttl = text.rsplit(":", 2)
            der = der_of(path)
            self.trusted[hashlib.sha256(der).digest()] = (der, [int(r) for r in roles.split(",")], int(ttl))
        warnings.simplefilter("ignore", DeprecationWarning)  # of old TLS versions, which are the point
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_ciphers("ALL:@SECLEVEL=0")
        self.context.minimum_version = VERSIONS[use.tls or "1.0"]
        self.context.maximum_version = VERSIONS[use.tls or "1.3"]
        self.context.load_cert_chain(use.cert, use.key)
        if use.client_ca:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(use.client_ca)

    def answer(self, request):
        kind, session = request[2], struct.unpack(">I", request[4:8])[0]
        parts = dict(elements(request[10:]))
        about = hashlib.sha256(parts.get(CERTIFICATE, b"")).hexdigest()
        if kind == QUERY_REQ:
            about = f"{parts[ISSUER]!r} {parts[SERIAL].hex()} {parts.get(SUBJECT)!r}"
        print(f"device={parts[DEVICE][1:].decode()} type={kind} session={session} {about}", file=sys.stderr, flush=True)
        found = self.trusted.get(hashlib.sha256(parts.get(CERTIFICATE, b"")).digest())
        if kind == QUERY_REQ and self.trusted:  # the first that was told, whatever it is: the client must check
            found = next(iter(self.trusted.values()))
        body = right(kind, session, *found) if found else REFUSED
        wrong = MUTATIONS.get(parts[DEVICE][1:].decode())
        return wrong(kind, session, body) if wrong else frame(kind + 1, session, body)

    def serve(self, sock):
        mode = self.use.mode
        if mode == "silent":
            sock.recv(1)
            while sock.recv(4096):
                pass
            return
        with self.context.wrap_socket(sock, server_side=True) as tls:
            print(f"handshake {tls.cipher()[0]}", file=sys.stderr, flush=True)
            while True:
                request = read_frame(tls)
                if mode == "mute":
                    continue
                reply = self.answer(request)
                if mode == "http":
                    reply = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
                if mode == "dribble":
                    for byte in reply:
                        tls.sendall(bytes([byte]))
                        time.sleep(DRIBBLE_SECONDS)
                tls.sendall(reply)
                if mode in ("once", "http") or b"cut" in request:
                    tls.unwrap()
                    return


def main():
    parser = argparse.ArgumentParser()
    for option in ("cert", "key", "port-file"):
        parser.add_argument("--" + option, required=True)
    parser.add_argument("--mode", default="right")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--tls")
    parser.add_argument("--client-ca")
    parser.add_argument("--trust", action="append", default=[])
    use = parser.parse_args()
    fake = Fake(use)
    family = socket.AF_INET6 if ":" in use.host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind((use.host, 0))
        listener.listen()
        with open(use.port_file + ".new", "w") as file:
            print(listener.getsockname()[1], file=file)
        os.rename(use.port_file + ".new", use.port_file)
        while True:
            sock, _ = listener.accept()
            try:
                with sock:
                    fake.serve(sock)
            except (OSError, ConnectionError) as error:
                print(f"connection: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
