#!/usr/bin/env python3
"""Judges the messages that a test's mail server took, with Python's own MIME and X.509 parsers.

usage: check_mail.py DIRECTORY PLAIN.pem ODD.pem EVIL.pem FAR.pem OLD.pem RENEWED.pem
"""
import email
import email.policy
import glob
import html.parser
import json
import sys
from datetime import datetime, timezone

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = set(), ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert not any(name in ("src", "href", "background") for name, _ in attrs), attrs

    def handle_data(self, data):
        self.text += data


def load(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


def digest(path):
    return load(path).fingerprint(SHA256()).hex()


def facts(path):
    """What must be said of each certificate."""
    cert = load(path)
    key = cert.public_key()
    return [digest(path), f"{cert.serial_number:X}", cert.not_valid_after.isoformat() + "Z", "certmon ack " + digest(path),
            f"{'RSA' if isinstance(key, rsa.RSAPublicKey) else 'EC'} {key.key_size}"]


def read(path):
    with open(path, encoding="utf-8") as file:
        envelope = json.load(file)
    return envelope, email.message_from_bytes(envelope["content"].encode("latin-1"), policy=email.policy.default)


def check(envelope, message, wanted, unwanted):
    assert envelope["tls"] and envelope["authenticated"], envelope
    assert len(envelope["to"]) == 1 and message["To"].addresses[0].addr_spec == envelope["to"][0], (envelope["to"], message["To"])
    assert not message.defects, message.defects
    assert set(message.keys()) == {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version",
                                   "Content-Type"}, message.keys()
    assert message["From"].addresses[0].addr_spec == "certmon@example.test"
    assert abs((datetime.now(timezone.utc) - message["Date"].datetime).total_seconds()) < 300
    assert message["Bcc"] is None
    assert all(len(line) <= 998 for line in envelope["content"].split("\r\n"))
    assert envelope["content"].isascii() and "\n" not in envelope["content"].replace("\r\n", "")
    assert message.get_content_type() == "multipart/alternative"
    plain, rich = message.iter_parts()
    assert plain.get_content_type() == "text/plain" and rich.get_content_type() == "text/html"
    page = Tags()
    page.feed(rich.get_content())
    assert "script" not in page.tags, page.tags
    for text in (plain.get_content(), page.text):
        for word in wanted:
            assert word in text, (word, text)
        for word in unwanted:
            assert word not in text, word
    return plain.get_content()


def main():
    directory, plain, odd, evil, far, old, renewed = sys.argv[1:]
    mails = {}
    for path in sorted(glob.glob(directory + "/0*.json")):
        envelope, message = read(path)
        mails[envelope["to"][0]] = (envelope, message)
    assert set(mails) == {"admin@example.test", "second@example.test", "web@example.test"}, mails.keys()
    assert len({message["Message-ID"] for _, message in mails.values()}) == 3
    everything = [*facts(plain), *facts(odd), *facts(evil), *facts(old), "covered by", digest(renewed), "Zürich – Société d’Essai", "www.example.test",
                  "phones.example.test", "tomcat-trust", "CallManager-trust", "APP-SERVER", "CCM,TFTP",
                  "phones will refuse HTTPS services that present it", "expires in 9 days",
                  "truststore add tomcat-trust", "IP:192.0.2.33", "expires in 19 days"]
    text = check(*mails["admin@example.test"], everything, [digest(far)])
    assert text.index(digest(odd)) < text.index(digest(evil)) < text.index(digest(plain)), "the most urgent come first"
    assert text.index(digest(plain)) < text.index("Nothing to worry about") < text.index(digest(old)), "what is covered stands apart"
    subject = mails["admin@example.test"][1]["Subject"]
    assert subject == "Certificates: 3 to look after, first Zürich – Société d’Essai expires in 9 days", subject
    check(*mails["second@example.test"], everything, [digest(far)])
    check(*mails["web@example.test"], [digest(plain)], [digest(odd), digest(evil), digest(far), digest(old)])
    subject = mails["web@example.test"][1]["Subject"]
    assert subject == "Certificates: www.example.test expires in 19 days", subject


main()
