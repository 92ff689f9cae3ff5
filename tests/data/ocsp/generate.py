#!/usr/bin/python3
"""Makes the certificates, responses and lists of this folder. The keys are thrown away, so a second run gives
other bytes of the same meaning. "Now" in the tests is NOW below.

What a library would refuse to make is put together from DER by hand; the certificates are made
by python3-cryptography.
"""
import datetime
import hashlib
import os
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

NOW = 1_800_000_000
HOUR, DAY = 3600, 86400
out = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))


def save(name, data):
    with open(os.path.join(out, name), "wb") as f:
        f.write(data)


# --- DER

def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    if n < 0x80:
        head = bytes([n])
    else:
        size = n.to_bytes((n.bit_length() + 7) // 8, "big")
        head = bytes([0x80 | len(size)]) + size
    return bytes([tag]) + head + body


def seq(*parts):
    return tlv(0x30, *parts)


def integer(n):
    return tlv(2, n.to_bytes(n.bit_length() // 8 + 1, "big", signed=True))


def oid(text):
    arcs = [int(a) for a in text.split(".")]
    body = b""
    for arc in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        chunk = [arc & 0x7F]
        while arc >> 7:
            arc >>= 7
            chunk.insert(0, 0x80 | arc & 0x7F)
        body += bytes(chunk)
    return tlv(6, body)


def when(t, generalized=True):
    d = datetime.datetime.fromtimestamp(t, datetime.timezone.utc)
    if generalized:
        return tlv(0x18, d.strftime("%Y%m%d%H%M%SZ").encode())
    return tlv(0x17, d.strftime("%y%m%d%H%M%SZ").encode())


def bits(data, unused=0):
    return tlv(3, bytes([unused]), data)


def octets(data):
    return tlv(4, data)


def extension(number, value, critical=False):
    return seq(oid(number), tlv(1, b"\xff") if critical else b"", octets(value))


HASH = {"sha1": (hashes.SHA1, "1.3.14.3.2.26"), "sha256": (hashes.SHA256, "2.16.840.1.101.3.4.2.1")}


def sign(tbs, key, hash_name="sha256", pss=False):
    """(AlgorithmIdentifier, signature)"""
    algorithm = HASH[hash_name][0]()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        number = {"sha1": "1.2.840.10045.4.1", "sha256": "1.2.840.10045.4.3.2"}[hash_name]
        return seq(oid(number)), key.sign(tbs, ec.ECDSA(algorithm))
    if pss:
        digest = seq(oid(HASH[hash_name][1]), tlv(5))
        params = seq(tlv(0xA0, digest), tlv(0xA1, seq(oid("1.2.840.113549.1.1.8"), digest)),
                     tlv(0xA2, integer(32)))
        return (seq(oid("1.2.840.113549.1.1.10"), params),
                key.sign(tbs, padding.PSS(padding.MGF1(algorithm), 32), algorithm))
    number = {"sha1": "1.2.840.113549.1.1.5", "sha256": "1.2.840.113549.1.1.11"}[hash_name]
    return seq(oid(number), tlv(5)), key.sign(tbs, padding.PKCS1v15(), algorithm)


# --- certificates

def time_of(t):
    return datetime.datetime.utcfromtimestamp(t)


class Made:
    """A certificate and its key."""

    def __init__(self, name, ca=None, serial=1, start=NOW - 365 * DAY, end=NOW + 3650 * DAY, key=None,
                 is_ca=False, usage=None, eku=None, nocheck=False, urls=(), points=(), sha1=False, dn=None):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
                             x509.NameAttribute(NameOID.COMMON_NAME, dn or name)])
        signer = ca or self
        b = (x509.CertificateBuilder().subject_name(subject)
             .issuer_name(ca.cert.subject if ca else subject).public_key(self.key.public_key())
             .serial_number(serial).not_valid_before(time_of(start)).not_valid_after(time_of(end)))
        b = b.add_extension(x509.BasicConstraints(is_ca, None), True)
        if usage:
            flags = dict.fromkeys(["digital_signature", "content_commitment", "key_encipherment",
                                   "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
                                   "encipher_only", "decipher_only"], False)
            flags.update(dict.fromkeys(usage, True))
            b = b.add_extension(x509.KeyUsage(**flags), True)
        if eku:
            b = b.add_extension(x509.ExtendedKeyUsage(eku), False)
        if nocheck:
            b = b.add_extension(x509.OCSPNoCheck(), False)
        if urls:
            b = b.add_extension(x509.AuthorityInformationAccess(
                [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(u))
                 for u in urls]), False)
        if points:
            b = b.add_extension(x509.CRLDistributionPoints(points), False)
        self.cert = b.sign(signer.key, hashes.SHA1() if sha1 else hashes.SHA256())
        self.der = self.cert.public_bytes(serialization.Encoding.DER)
        self.name = self.cert.subject.public_bytes()
        save(name + ".pem", self.cert.public_bytes(serialization.Encoding.PEM))

    def key_bits(self):
        return self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint) \
            if isinstance(self.key, ec.EllipticCurvePrivateKey) else self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.PKCS1)


def uri(*urls):
    return [x509.UniformResourceIdentifier(u) for u in urls]


def point(*urls, reasons=None, issuer=None):
    return x509.DistributionPoint(uri(*urls), None, reasons, issuer)


SIGNING = [ExtendedKeyUsageOID.OCSP_SIGNING]
CA_USAGE = ("key_cert_sign", "crl_sign")
ca = Made("ca", is_ca=True, usage=CA_USAGE, key=ec.generate_private_key(ec.SECP256R1()))
other = Made("other-ca", is_ca=True, usage=CA_USAGE)
twin = Made("twin-ca", is_ca=True, usage=CA_USAGE, dn="ca")  # the same name, another key
nolists = Made("nolists-ca", is_ca=True, usage=("key_cert_sign",))
rsa_ca = Made("rsa-ca", is_ca=True, usage=CA_USAGE, key=rsa.generate_private_key(65537, 2048))
ldap = "ldap://ldap.example.test/cn=ca?certificateRevocationList"
leaf = Made("leaf", ca, 0x1001, urls=("http://ocsp.example.test/", "ldap://no.example.test/", "https://two.example.test/o"),
            points=(point("http://crl.example.test/ca.crl", ldap),))
rsa_leaf = Made("rsa-leaf", rsa_ca, 0x1001)
nolists_leaf = Made("nolists-leaf", nolists, 0x1001)
neighbour = Made("neighbour", ca, 0xF002)          # its serial number's first bit is set
subordinate = Made("subordinate", ca, 0x1003, is_ca=True, usage=CA_USAGE)
Made("odd-points", ca, 0x1004, urls=("http://a b/", "file:///etc/passwd", "http://", "http:///x", "HTTP://UP.example.test"),
     points=(point("http://crl.example.test/some.crl", reasons=frozenset([x509.ReasonFlags.key_compromise])),
             point("http://crl.example.test/indirect.crl", issuer=[x509.DirectoryName(other.cert.subject)]),
             point("ftp://crl.example.test/x.crl", "https://crl.example.test/full.crl")))
delegate = Made("delegate", ca, 0x2001, eku=SIGNING, nocheck=True, usage=("digital_signature",))
delegate_checked = Made("delegate-checked", ca, 0x2002, eku=SIGNING, usage=("digital_signature",),
                        urls=("http://ocsp.example.test/",))
no_purpose = Made("delegate-no-purpose", ca, 0x2003, eku=[ExtendedKeyUsageOID.SERVER_AUTH], nocheck=True)
any_purpose = Made("delegate-any-purpose", ca, 0x2007, eku=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], nocheck=True)
expired = Made("delegate-expired", ca, 0x2004, eku=SIGNING, nocheck=True, end=NOW - DAY)
early = Made("delegate-early", ca, 0x2005, eku=SIGNING, nocheck=True, start=NOW + DAY)
foreign = Made("delegate-foreign", other, 0x2001, eku=SIGNING, nocheck=True)
below = Made("delegate-below", subordinate, 0x2001, eku=SIGNING, nocheck=True)
weak = Made("delegate-weak", ca, 0x2006, eku=SIGNING, nocheck=True, sha1=True)
configured = Made("configured", eku=SIGNING)
configured_expired = Made("configured-expired", eku=SIGNING, end=NOW - DAY)


# --- responses

def cert_id(cert=leaf, issuer=None, hash_name="sha1", name_hash=None, key_hash=None):
    h = getattr(hashlib, hash_name)
    issuer = issuer or ca
    return seq(seq(oid(HASH[hash_name][1]), tlv(5)), octets(name_hash or h(issuer.name).digest()),
               octets(key_hash or h(issuer.key_bits()).digest()), integer(cert.cert.serial_number))


GOOD, UNKNOWN = tlv(0x80), tlv(0x82)


def revoked(t=NOW - 5 * DAY, reason=None):
    return tlv(0xA1, when(t), tlv(0xA0, tlv(0x0A, bytes([reason]))) if reason is not None else b"")


def single(status=GOOD, this=NOW - HOUR, next=NOW + DAY, extensions=b"", **id_of):
    return seq(cert_id(**id_of), status, when(this), tlv(0xA0, when(next)) if next else b"",
               tlv(0xA1, seq(extensions)) if extensions else b"")


def response(name, singles=None, signer=ca, by="name", certs=(), extensions=b"", hash_name="sha256", pss=False,
             as_signer=None, corrupt=False, **one):
    who = as_signer or signer
    rid = tlv(0xA1, who.name) if by == "name" else tlv(0xA2, octets(hashlib.sha1(who.key_bits()).digest()))
    tbs = seq(rid, when(NOW - HOUR), seq(*(singles or [single(**one)])),
              tlv(0xA1, seq(extensions)) if extensions else b"")
    algorithm, signature = sign(tbs, signer.key, hash_name, pss)
    if corrupt:
        signature = signature[:-1] + bytes([signature[-1] ^ 1])
    basic = seq(tbs, algorithm, bits(signature),
                tlv(0xA0, seq(*(c.der for c in certs))) if certs else b"")
    save(name + ".ors", seq(tlv(0x0A, b"\0"), tlv(0xA0, seq(oid("1.3.6.1.5.5.7.48.1.1"), octets(basic)))))


def by_delegate(name, signer, **more):
    response(name, signer=signer, certs=(signer,), **more)


NONCE = "1.3.6.1.5.5.7.48.1.2"
response("good")
response("good-by-key", by="key")
response("good-with-issuer", certs=(ca,))
response("good-sha256", hash_name="sha256", singles=[single(hash_name="sha256")])
response("good-no-next", next=None)
response("good-nonce", extensions=extension(NONCE, octets(bytes(range(32)))))
response("good-nonce-critical", extensions=extension(NONCE, octets(bytes(range(32))), True))
response("good-nonce-odd", extensions=extension(NONCE, b"\x05\x00"))
response("good-among-others", singles=[single(cert=neighbour), single(cert=subordinate, status=UNKNOWN), single()])
response("revoked-among-good", singles=[single(), single(status=revoked(reason=4))])
response("revoked", status=revoked())
for code in (0, 1, 2, 3, 4, 5, 6, 9, 10):
    response(f"revoked-{code}", status=revoked(reason=code))
response("unknown", status=UNKNOWN)
response("other-serial", cert=neighbour)
response("twin-key", issuer=twin)
response("other-issuer-name", name_hash=hashlib.sha1(other.name).digest())
response("hash-cut", key_hash=hashlib.sha1(ca.key_bits()).digest()[:19])
response("old", this=NOW - 3 * DAY, next=NOW - DAY)
response("just-old", this=NOW - 3 * DAY, next=NOW - 60)
response("no-next-old", this=NOW - 2 * DAY, next=None)
response("too-old", this=NOW - 8 * DAY, next=NOW + DAY)
response("future", this=NOW + HOUR)
response("just-future", this=NOW + 60)
response("next-before-this", this=NOW + 60, next=NOW + 30)
response("critical", extensions=extension("1.3.6.1.5.5.7.48.1.99", b"\x05\0", True))
response("critical-single", extensions=b"", singles=[single(extensions=extension("1.2.3.4", b"\x05\0", True))])
response("uncritical", extensions=extension("1.3.6.1.5.5.7.48.1.99", b"\x05\0"),
         singles=[single(extensions=extension("1.2.3.4", b"\x05\0"))])
response("weak-signature", hash_name="sha1")
response("bad-signature", corrupt=True)
response("rsa", singles=[single(cert=rsa_leaf, issuer=rsa_ca)], signer=rsa_ca)
response("rsa-pss", singles=[single(cert=rsa_leaf, issuer=rsa_ca)], signer=rsa_ca, pss=True)
response("twin-signed", signer=twin)
response("twin-included", signer=twin, certs=(twin,))
response("other-signed", signer=other)
response("other-included", signer=other, certs=(other,))
response("leaf-signed", signer=leaf, certs=(leaf,))
by_delegate("by-delegate", delegate)
by_delegate("by-delegate-key", delegate, by="key")
response("by-delegate-last", signer=delegate, certs=(ca, other, delegate))
response("by-delegate-left-out", signer=delegate)
response("by-delegate-other-id", signer=delegate, as_signer=expired, certs=(delegate,))
response("by-delegate-corrupt", signer=delegate, certs=(delegate,), corrupt=True)
by_delegate("by-delegate-checked", delegate_checked)
by_delegate("by-delegate-revoked-leaf", delegate, status=revoked(reason=1))
by_delegate("by-no-purpose", no_purpose)
by_delegate("by-any-purpose", any_purpose)
by_delegate("by-expired", expired)
by_delegate("by-early", early)
by_delegate("by-foreign", foreign)
response("by-below", signer=below, certs=(below, subordinate))
by_delegate("by-weak", weak)
by_delegate("by-configured", configured)
response("by-configured-left-out", signer=configured)
response("by-configured-expired", signer=configured_expired)
by_delegate("about-delegate", ca, cert=delegate_checked)
for word, code in (("malformed-request", 1), ("internal-error", 2), ("try-later", 3), ("status-4", 4),
                   ("sig-required", 5), ("unauthorized", 6), ("status-7", 7)):
    save(word + ".ors", seq(tlv(0x0A, bytes([code]))))
save("no-bytes.ors", seq(tlv(0x0A, b"\0")))
save("other-type.ors", seq(tlv(0x0A, b"\0"), tlv(0xA0, seq(oid("1.3.6.1.5.5.7.48.1.98"), octets(b"\x30\0")))))
save("html.ors", b"<!DOCTYPE html>\n<html><body>It works</body></html>\n")


# --- lists

def entry(serial, t=NOW - 5 * DAY, reason=None, extensions=b"", generalized=False):
    extra = (extension("2.5.29.21", tlv(0x0A, bytes([reason]))) if reason is not None else b"") + extensions
    return seq(integer(serial), when(t, generalized), seq(extra) if extra else b"")


def crl(name, entries=None, signer=ca, issuer=None, this=NOW - HOUR, next=NOW + 7 * DAY, extensions=b"",
        hash_name="sha256", version=True, inner=None, corrupt=False, pss=False, tail=b""):
    algorithm = sign(b"", signer.key, hash_name, pss)[0]
    if entries is None:
        entries = [entry(0x777), entry(0xF002, reason=1)]
    tbs = seq(integer(1) if version else b"", inner or algorithm, (issuer or signer).name, when(this, False),
              when(next, False) if next else b"", seq(*entries) if entries else b"",
              tlv(0xA0, seq(extensions)) if extensions else b"", tail)
    signature = sign(tbs, signer.key, hash_name, pss)[1]
    if corrupt:
        signature = signature[:-1] + bytes([signature[-1] ^ 1])
    save(name + ".crl", seq(tbs, algorithm, bits(signature)))


def scope(*parts):
    return extension("2.5.29.28", seq(*parts), True)


def scope_names(*urls):
    return tlv(0xA0, tlv(0xA0, *(tlv(0x86, u.encode()) for u in urls)))


TRUE = b"\xff"
NUMBER = extension("2.5.29.20", integer(7))
crl("full", extensions=NUMBER)
crl("full-v1", version=False)
crl("empty", entries=[])
crl("revoked", entries=[entry(0x777), entry(0x1001, reason=1), entry(0xF002)], extensions=NUMBER)
crl("revoked-generalized", entries=[entry(0x1001, generalized=True)])
crl("hold", entries=[entry(0x1001, reason=6)], extensions=NUMBER)
crl("removed", entries=[entry(0x1001, reason=8)], extensions=NUMBER)
crl("reason-7", entries=[entry(0x1001, reason=7)], extensions=NUMBER)
crl("reason-11", entries=[entry(0x1001, reason=11)], extensions=NUMBER)
crl("invalidity-date", entries=[entry(0x1001, reason=1, extensions=extension("2.5.29.24", when(NOW)))])
crl("expired", this=NOW - 8 * DAY, next=NOW - DAY)
crl("just-expired", this=NOW - 8 * DAY, next=NOW - 60)
crl("future", this=NOW + HOUR)
crl("no-next", next=None)
crl("no-next-old", this=NOW - 2 * DAY, next=None)
crl("old-but-current", this=NOW - 100 * DAY, next=NOW + 100 * DAY)
crl("delta", extensions=NUMBER + extension("2.5.29.27", integer(6), True))
crl("indirect", extensions=scope(tlv(0x84, TRUE)))
crl("indirect-entry", entries=[entry(0x1001, extensions=extension("2.5.29.29", seq(tlv(0xA4, other.name)), True))])
crl("some-reasons", extensions=scope(tlv(0x83, b"\x06\x40")))
crl("user-only", extensions=scope(tlv(0x81, TRUE)))
crl("ca-only", extensions=scope(tlv(0x82, TRUE)))
crl("attributes-only", extensions=scope(tlv(0x85, TRUE)))
crl("point", extensions=scope(scope_names("http://crl.example.test/ca.crl")))
crl("point-other-name", extensions=scope(scope_names("http://nowhere.example.test/", ldap)))
crl("point-elsewhere", extensions=scope(scope_names("http://crl.example.test/shard2.crl")))
crl("point-relative", extensions=scope(tlv(0xA0, tlv(0xA1, seq(oid("2.5.4.3"), tlv(0x0C, b"x"))))))
crl("scope-garbage", extensions=scope(tlv(0x86, TRUE)))
crl("critical", extensions=extension("1.2.3.4", b"\x05\0", True))
crl("uncritical", extensions=extension("1.2.3.4", b"\x05\0"))
crl("critical-entry", entries=[entry(0x777, extensions=extension("1.2.3.4", b"\x05\0", True))])
crl("other-issuer", signer=other)
crl("twin-issuer", signer=twin)
crl("other-name", issuer=other)
crl("nolists", signer=nolists)
crl("weak-signature", hash_name="sha1")
crl("bad-signature", corrupt=True)
crl("other-algorithm-inside", inner=seq(oid("1.2.840.10045.4.3.3")))
crl("tail", tail=integer(1))
crl("rsa-pss", signer=rsa_ca, pss=True)
crl("many", entries=[entry(n * 3) for n in range(1, 2000)])
