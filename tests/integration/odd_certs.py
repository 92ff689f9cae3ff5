"""odd_certs.py DIRECTORY COUNT: unusual but valid certificates, and mutations of them, as NAME.der."""
import datetime
import random
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID, ObjectIdentifier

directory, count = sys.argv[1], int(sys.argv[2])
random.seed(20261120)
key = ec.generate_private_key(ec.SECP256R1())
CN = NameOID.COMMON_NAME


def name(text, kind=_ASN1Type.UTF8String, oid=CN):
    return x509.Name([x509.NameAttribute(oid, text, _type=kind)])


def make(subject, serial=None, extensions=(), public=None, start=2020, end=2045, signer=key, issuer=None, hash=hashes.SHA256()):
    b = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject)
    b = b.public_key(public or key.public_key()).serial_number(serial or random.getrandbits(120) | 1)
    b = b.not_valid_before(datetime.datetime(start, 1, 1)).not_valid_after(datetime.datetime(end, 1, 1))
    for extension in extensions:
        b = b.add_extension(extension, False)
    return b.sign(signer, hash).public_bytes(__import__("cryptography").hazmat.primitives.serialization.Encoding.DER)


def big_rsa(bits):
    return rsa.RSAPublicNumbers(65537, random.getrandbits(bits) | 1 << (bits - 1) | 1).public_key()


def length(n):
    if n < 128:
        return bytes([n])
    b = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(b)]) + b


def tlv(tag, value):
    return bytes([tag]) + length(len(value)) + value


def parts(der):
    """The elements inside one."""
    def head(b):
        n, at = b[1], 2
        if n & 0x80:
            at = 2 + (n & 0x7f)
            n = int.from_bytes(b[2:at], "big")
        return at, n
    at, n = head(der)
    body, out = der[at:at + n], []
    while body:
        at, n = head(body)
        out.append(body[:at + n])
        body = body[at + n:]
    return out


def rebuild(der, change):
    """A certificate whose to-be-signed parts were changed; its signature fits no more, which is nobody's business here."""
    tbs, algorithm, signature = parts(der)
    fields = parts(tbs)
    change(fields)
    return tlv(0x30, tlv(0x30, b"".join(fields)) + algorithm + signature)


def set_serial(value):
    def change(fields):
        fields[1] = tlv(2, value)
    return change


def v1(fields):
    del fields[0]
    if fields[-1][0] == 0xa3:
        del fields[-1]


def twice(fields):
    inner = parts(fields[-1])[0]
    extensions = parts(inner)
    fields[-1] = tlv(0xa3, tlv(0x30, b"".join(extensions + extensions)))


ski = x509.SubjectKeyIdentifier(b"12345678901234567890")
plain = make(name("plain"), extensions=[ski])
odd = {
    "plain": plain,
    "empty-subject": make(x509.Name([]), issuer=name("an issuer"), extensions=[ski]),
    "empty-names": make(x509.Name([]), extensions=[ski]),
    "serial-20": make(name("serial 20"), serial=(1 << 158) + 1, extensions=[ski]),
    "serial-60": rebuild(make(name("serial 60"), extensions=[ski]), set_serial(b"\x5a" * 60)),
    "serial-500": rebuild(make(name("serial 500"), extensions=[ski]), set_serial(b"\x5a" * 500)),
    "serial-negative": rebuild(make(name("negative"), extensions=[ski]), set_serial(b"\x83\x01")),
    "serial-zero": rebuild(make(name("zero"), extensions=[ski]), set_serial(b"\0")),
    "serial-empty": rebuild(make(name("no serial"), extensions=[ski]), set_serial(b"")),
    "sans-200": make(name("many names"), extensions=[x509.SubjectAlternativeName([x509.DNSName("host%d.example.test" % i) for i in range(200)])]),
    "utf8": make(name("T\u00e9l\u00e9phonie \u0416 \u6f22\u5b57 \U0001f4de"), extensions=[ski]),
    "bmp": make(name("Z\u00fcrich \u6f22", _ASN1Type.BMPString), extensions=[ski]),
    "universal": make(name("Z\u00fcrich", _ASN1Type.UniversalString), extensions=[ski]),
    "teletex": make(name("Zurich", _ASN1Type.T61String), extensions=[ski]),
    "newline": make(name("bad\nname\r\n2026 forged log line"), extensions=[ski]),
    "escape": make(name("bad\x1b[31mred\x1b]0;title\x07"), extensions=[ski]),
    "nul": make(name("www.bank.test\0.evil.test"), extensions=[ski]),
    "bidi": make(name("abc\u202e\u2028def"), extensions=[ski]),
    "separators": make(name('a,b;c=d+e"f\\g<h>#i'), extensions=[ski]),
    "quotes": make(name(" key=value \"quoted\" '$(id)' `id` %s%n "), extensions=[ski]),
    "long-name": make(x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "u" * 60 + str(i)) for i in range(40)]), extensions=[ski]),
    "unknown-attribute": make(x509.Name([x509.NameAttribute(ObjectIdentifier("1.2.3.4.5.6.7.8.9"), "x")]), extensions=[ski]),
    "no-extensions": make(name("no extensions")),
    "unknown-extension": make(name("unknown"), extensions=[x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\xff\0")]),
    "twice": rebuild(make(name("twice"), extensions=[ski]), twice),
    "v1": rebuild(make(name("version 1"), extensions=[ski]), v1),
    "rsa-512": make(name("rsa 512"), public=big_rsa(512), extensions=[ski]),
    "rsa-4096": make(name("rsa 4096"), public=big_rsa(4096), extensions=[ski]),
    "rsa-16384": make(name("rsa 16384"), public=big_rsa(16384), extensions=[ski]),
    "p521": make(name("p521"), public=ec.generate_private_key(ec.SECP521R1()).public_key(), extensions=[ski]),
    "ed25519": make(name("ed25519"), public=ed25519.Ed25519PrivateKey.generate().public_key(), extensions=[ski]),
    "year-2055": make(name("2055"), end=2055, extensions=[ski]),
    "year-9999": make(name("9999"), end=9999, extensions=[ski]),
    "expired": make(name("expired"), start=1951, end=1999, extensions=[ski]),
    "future": make(name("future"), start=2040, extensions=[ski]),
    "trailing": plain + b"\0",
    "cut": plain[:-1],
    "empty": b"",
    "zeroes": bytes(1000),
    "deep": b"\x30\x80" * 2000,
    "huge-length": b"\x30\x84\xff\xff\xff\xff" + plain,
    "large": make(name("large"), extensions=[x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), bytes(70000))]),
}


def mutate(der):
    b = bytearray(der)
    for _ in range(random.choice((1, 1, 1, 2, 4, 16))):
        at = random.randrange(len(b))
        kind = random.randrange(5)
        if kind == 0:
            b[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            b[at] = random.choice((0, 1, 0x7f, 0x80, 0x82, 0xff, 0x30, 0x0a, 0x1b))
        elif kind == 2:
            del b[at:at + random.randrange(1, 5)]
        elif kind == 3:
            b[at:at] = random.randbytes(random.randrange(1, 5))
        else:
            b[at:at + 4] = random.randbytes(4)
        if not b:
            b = bytearray(b"\0")
    return bytes(b)


bases = [der for which, der in odd.items() if 0 < len(der) < 5000]
for i in range(count - len(odd)):
    odd["mutant-%04d" % i] = mutate(random.choice(bases))
for which, der in odd.items():
    with open("%s/%s.der" % (directory, which), "wb") as f:
        f.write(der)
