#!/usr/bin/python3
"""Many certificates of one CA: ocsp_many.py CA COUNT URL [EVERY URL2]

PEM to standard output, as CN=host0 ... with the responder URL, every EVERYth with URL2; those in EVERYth place (all,
without EVERY) are added to CA.txt as valid.
"""
import datetime
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

name, count, url = sys.argv[1], int(sys.argv[2]), sys.argv[3]
every, url2 = (int(sys.argv[4]), sys.argv[5]) if len(sys.argv) > 4 else (1, url)
with open(name + ".pem", "rb") as cert, open(name + ".key", "rb") as key:
    ca = x509.load_pem_x509_certificate(cert.read())
    signer = serialization.load_pem_private_key(key.read(), None)
public = ec.generate_private_key(ec.SECP256R1()).public_key()
start = datetime.datetime.utcnow() - datetime.timedelta(hours=1)
with open(name + ".txt", "a", encoding="ascii") as index:
    for n in range(count):
        known = n % every == every - 1
        where = x509.AccessDescription(AuthorityInformationAccessOID.OCSP,
                                       x509.UniformResourceIdentifier(url2 if known else url))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"host{n}")])
        made = (x509.CertificateBuilder().subject_name(subject).issuer_name(ca.subject).public_key(public)
                .serial_number(1000000 + n).not_valid_before(start)
                .not_valid_after(start + datetime.timedelta(days=300))
                .add_extension(x509.AuthorityInformationAccess([where]), False).sign(signer, hashes.SHA256()))
        sys.stdout.buffer.write(made.public_bytes(serialization.Encoding.PEM))
        if known:
            index.write("V\t491231235959Z\t\t%X\tunknown\t/CN=host%d\n" % (1000000 + n, n))
