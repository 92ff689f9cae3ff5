#!/usr/bin/python3
"""A web server that behaves well or badly, by path; prints its port, then a line for each request:
connection number, method, path, length of the body.

    /ocsp/CA[/...]     an OCSP responder: signs with CA.pem and CA.key what CA.txt says (serial, tab, status)
    /short/CA          the same, but what it says counts for 20 seconds only
    /sha256/CA         the same, but knows CertIDs with SHA-256 only ("unauthorized" for others)
    /silent256/CA      the same, but says "unknown" for others
    /file/NAME         that file
    /html /404 /500    an HTML page, with status 200, 404, 500
    /hang              says nothing      /drip   a byte now and then
    /endless           never ends        /big    64 KiB and one byte
    /header            a header line that never ends
    /headers           header lines that never end
    /truncated         ends too early    /close  closes at once    /http09  no status line
    /loop              redirects to itself
    /redirect/N/PATH   redirects N times, then to PATH
    /to/URL            redirects there
"""
import base64
import datetime
import http.server
import itertools
import os
import sys
import time
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

DRIP_SECONDS = 0.2  # between two bytes of an answer: a slow server
numbers = itertools.count(1)
delay = float(os.environ.get("SERVER_DELAY", "0"))  # seconds before each answer
loaded = {}


def load(name):
    if name not in loaded:
        with open(name + ".pem", "rb") as cert, open(name + ".key", "rb") as key:
            loaded[name] = (x509.load_pem_x509_certificate(cert.read()),
                            serialization.load_pem_private_key(key.read(), None))
    return loaded[name]


def status_of(ca, serial):
    """What the last line about this serial number says: V, R or nothing."""
    found = None
    with open(ca + ".txt", encoding="ascii") as index:
        for line in index:
            fields = line.rstrip("\n").split("\t")
            if int(fields[3], 16) == serial:
                found = fields[0]
    return found


def failure(status):
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(serialization.Encoding.DER)


def sign(ca, der, only_sha256, silent, counts=datetime.timedelta(days=2)):
    """Issuer hashes are copied from the request; the certificate behind them is made up for the library's sake."""
    request = ocsp.load_der_ocsp_request(der)
    cert, key = load(ca)
    known = isinstance(request.hash_algorithm, hashes.SHA256) or not only_sha256
    if not known and not silent:
        return failure(ocsp.OCSPResponseStatus.UNAUTHORIZED)
    said = status_of(ca, request.serial_number) if known else None
    now = datetime.datetime.utcnow().replace(microsecond=0)
    status = {"V": ocsp.OCSPCertStatus.GOOD, "R": ocsp.OCSPCertStatus.REVOKED}.get(said, ocsp.OCSPCertStatus.UNKNOWN)
    revoked = status == ocsp.OCSPCertStatus.REVOKED
    leaf = (x509.CertificateBuilder().subject_name(cert.subject).issuer_name(cert.subject)
            .public_key(cert.public_key()).serial_number(request.serial_number)
            .not_valid_before(now).not_valid_after(now + datetime.timedelta(1)).sign(key, hashes.SHA256()))
    builder = ocsp.OCSPResponseBuilder().add_response(
        leaf, cert, request.hash_algorithm, status, now, now + counts,
        now if revoked else None, x509.ReasonFlags.superseded if revoked else None)
    for extension in request.extensions:
        if extension.oid == x509.OCSPNonce.oid:
            builder = builder.add_extension(extension.value, False)
    answer = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, cert).sign(key, hashes.SHA256())
    return answer.public_bytes(serialization.Encoding.DER)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.number = next(numbers)
        super().setup()

    def log_message(self, *args):
        pass

    def answer(self, status, body, kind="application/ocsp-response", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def end(self, data=b""):
        self.close_connection = True
        self.wfile.write(data)

    def page(self, status):
        self.answer(status, b"<!DOCTYPE html><html><body>It works</body></html>", "text/html")

    def redirect(self, where):
        self.answer(301, b"", Location=where)

    def pour(self, length):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        for _ in itertools.count() if length is None else range(length // 1024 + 1):
            self.wfile.write(b"\x30" * 1024)
        self.close_connection = True

    def pour_header(self, piece):
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.wfile.write(piece)

    def drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        while True:
            self.wfile.write(b"\x30")
            self.wfile.flush()
            time.sleep(DRIP_SECONDS)

    def responder(self, kind, rest, body):
        ca, _, encoded = rest.partition("/")
        if self.command == "GET":
            body = base64.b64decode(urllib.parse.unquote(encoded))
        counts = datetime.timedelta(seconds=20) if kind == "short" else datetime.timedelta(days=2)
        self.answer(200, sign(ca, body, kind in ("sha256", "silent256"), kind == "silent256", counts))

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        line = f"{self.number} {self.command} {self.path} {len(body)}\n"
        os.write(1, line.encode())  # whole: several threads write here
        time.sleep(delay)
        what, _, rest = self.path.lstrip("/").partition("/")
        if what in ("ocsp", "short", "sha256", "silent256"):
            self.responder(what, rest, body)
        elif what == "file":
            with open(os.path.basename(rest), "rb") as f:
                self.answer(200, f.read())
        elif what == "html":
            self.page(200)
        elif what in ("404", "500"):
            self.page(int(what))
        elif what == "hang":
            self.rfile.read(1)  # until the client gives up
            self.close_connection = True
        elif what == "drip":
            self.drip()
        elif what == "endless":
            self.pour(None)
        elif what == "big":
            self.pour(64 * 1024)
        elif what == "header":
            self.pour_header(b"X" * 1024)
        elif what == "headers":
            self.pour_header(b"X: " + b"x" * 1000 + b"\r\n")
        elif what == "truncated":
            self.end(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"\x30" * 10)
        elif what == "close":
            self.end()
        elif what == "http09":
            self.end(b"\x30\x03\x0a\x01\x03")
        elif what == "loop":
            self.redirect(self.path)
        elif what == "redirect":
            count, _, target = rest.partition("/")
            self.redirect(f"/redirect/{int(count) - 1}/{target}" if int(count) > 1 else "/" + target)
        elif what == "to":
            self.redirect(urllib.parse.unquote(rest))
        else:
            self.page(404)

    do_GET = do_POST = serve


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A client that gives up is nothing to report."""


with Server(("127.0.0.1", 0), Handler) as server:
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)
