#!/usr/bin/python3
"""The phone's side of the TVS protocol, written from the protocol document alone.

It judges the service and its client, so it shares no code with them. As a module it builds and reads frames
and opens TLS connections; as a program:

    phone.py verify HOST PORT FILE       asks about a certificate (PEM or DER)
    phone.py query HOST PORT ISSUER SERIAL [SUBJECT]
    phone.py send HOST PORT HEX...       sends frames as they are on one connection, prints each response in hex

verify and query print one line: "trusted ROLES TTL [SHA256]" or "not trusted"; exit 0, 1, or 2 for no answer.
Options: --tls 1.0|1.1|1.2|1.3, --ciphers OPENSSL, --cert FILE --key FILE, --device NAME, --timeout SECONDS.
"""
import argparse
import base64
import hashlib
import re
import socket
import ssl
import struct
import sys
import warnings

VERIFY_REQ, VERIFY_RES, QUERY_REQ, QUERY_RES = 1, 2, 3, 4
DEVICE, CERTIFICATE, SUBJECT, ISSUER, SERIAL, STATUS, ROLES, TTL = 1, 2, 3, 4, 5, 7, 8, 9
ROLE_NAMES = {0: "SAST", 1: "CCM", 2: "CCM+TFTP", 3: "TFTP", 4: "CAPF", 7: "APP-SERVER", 21: "TVS"}
NAME = "CP-8861-SEP001122AABBCC"


# --- frames

def element(tag, value):
    return struct.pack(">BH", tag, len(value)) + value


def frame(kind, session, body, version=1, reserved=0):
    return struct.pack(">BBBBIH", 0x57, version, kind, reserved, session, len(body)) + body


def device(name=NAME):
    return element(DEVICE, b"\x01" + name.encode())


def verify_request(der, session=1001, name=NAME):
    return frame(VERIFY_REQ, session, device(name) + element(CERTIFICATE, der))


def query_request(issuer, serial, subject=None, session=1001, name=NAME):
    body = device(name)
    if subject is not None:
        body += element(SUBJECT, subject.encode() + b"\0")
    body += element(ISSUER, issuer.encode() + b"\0") + element(SERIAL, serial)
    return frame(QUERY_REQ, session, body)


class Malformed(Exception):
    pass


def elements(body):
    """[(tag, value)] in their order."""
    found = []
    while body:
        if len(body) < 3:
            raise Malformed("element without a length")
        tag, length = struct.unpack(">BH", body[:3])
        if len(body) < 3 + length:
            raise Malformed("element runs past the body")
        found.append((tag, body[3:3 + length]))
        body = body[3 + length:]
    return found


class Response:
    """A response as a phone reads it; refuses whatever the protocol does not say."""

    def __init__(self, data):
        if len(data) < 10:
            raise Malformed("no header")
        magic, version, self.kind, _, self.session, length = struct.unpack(">BBBBIH", data[:10])
        if magic != 0x57 or version > 1 or self.kind not in (VERIFY_RES, QUERY_RES):
            raise Malformed("header")
        if length != len(data) - 10:
            raise Malformed("length of the body")
        parts = elements(data[10:])
        tags = [tag for tag, _ in parts]
        values = dict(parts)
        self.trusted = values.get(STATUS) == b"\0"
        self.certificate = values.get(CERTIFICATE)
        self.roles = [ROLE_NAMES[byte] for byte in values.get(ROLES, b"")]
        self.ttl = 0
        if not self.trusted:
            if parts != [(STATUS, b"\1")]:
                raise Malformed("a refusal is a status alone")
            return
        wanted = [STATUS, ROLES, TTL] if self.kind == VERIFY_RES else [STATUS, CERTIFICATE, ROLES, TTL]
        if tags != wanted:
            raise Malformed(f"elements {tags}")
        (self.ttl,) = struct.unpack(">I", values[TTL])
        if not self.roles or self.ttl == 0:
            raise Malformed("no roles or no TTL")


# --- connections

VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1,
            "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def context(tls=None, ciphers=None, cert=None, key=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.set_ciphers(ciphers or "ALL:@SECLEVEL=0")
    if tls:
        warnings.simplefilter("ignore", DeprecationWarning)  # of old versions, which are the point
        made.minimum_version = made.maximum_version = VERSIONS[tls]
    if cert:
        made.load_cert_chain(cert, key)
    return made


def connect(host, port, timeout=10, using=None):
    return (using or context()).wrap_socket(socket.create_connection((host, port), timeout))


def read_exactly(sock, count):
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise ConnectionError("closed")
        data += more
    return data


def read_frame(sock):
    header = read_exactly(sock, 10)
    return header + read_exactly(sock, struct.unpack(">H", header[8:])[0])


def ask(sock, request):
    sock.sendall(request)
    answer = Response(read_frame(sock))
    if answer.session != struct.unpack(">I", request[4:8])[0] or answer.kind != request[2] + 1:
        raise Malformed("the answer belongs to another request")
    return answer


def is_closed(sock, seconds):
    """True if the other side closes within this time, whichever way, before it says anything."""
    sock.settimeout(seconds)
    try:
        return sock.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def der_of(path):
    with open(path, "rb") as file:
        data = file.read()
    pem = re.search(rb"-----BEGIN CERTIFICATE-----(.*?)-----END", data, re.S)
    return base64.b64decode(pem.group(1)) if pem else data


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["verify", "query", "send"])
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("argument", nargs="+")
    for option in ("tls", "ciphers", "cert", "key"):
        parser.add_argument("--" + option)
    parser.add_argument("--device", default=NAME)
    parser.add_argument("--timeout", type=float, default=10)
    use = parser.parse_args()
    using = context(use.tls, use.ciphers, use.cert, use.key)
    with connect(use.host, use.port, use.timeout, using) as sock:
        if use.command == "send":
            for text in use.argument:
                sock.sendall(bytes.fromhex(text))
                print(read_frame(sock).hex(), flush=True)
            return 0
        if use.command == "verify":
            request = verify_request(der_of(use.argument[0]), name=use.device)
        else:
            issuer, serial, subject = (use.argument + [None])[:3]
            request = query_request(issuer, bytes.fromhex(serial), subject, name=use.device)
        answer = ask(sock, request)
    if not answer.trusted:
        print("not trusted")
        return 1
    found = [hashlib.sha256(answer.certificate).hexdigest()] if answer.certificate else []
    print("trusted", ",".join(answer.roles), answer.ttl, *found)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, Malformed) as error:
        print(f"phone.py: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(2)
