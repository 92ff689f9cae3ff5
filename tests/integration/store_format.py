"""Reads the dump of a store (mdb_dump -a) by FORMAT.md alone, and checks that everything follows from everything.

Shares no code with the project: DER and canonical names are read here, digests by hashlib, the rest by openssl.
Prints one line a database; a difference is an exception."""
import calendar
import hashlib
import struct
import subprocess
import sys
import time

NEVER = 2**63 - 1
STATUS_UNCHECKED, STATUS_SELF, STATUS_REVOKED, STATUS_NO_SOURCE = 0, 1, 3, 6


def parse_dump(path):
    databases, name, at, key = {}, None, False, None
    for line in open(path):
        line = line.rstrip("\n")
        if line.startswith("database="):
            name = line[9:]
            databases[name] = []
        elif line == "HEADER=END":
            at, key = True, None
        elif line == "DATA=END":
            at = False
        elif at:
            value = bytes.fromhex(line.strip())
            if key is None:
                key = value
            else:
                databases[name].append((key, value))
                key = None
    return databases


class Fields:
    def __init__(self, data):
        self.data, self.at = data, 0
        assert self.number(1) == 1, "version"

    def take(self, count):
        assert self.at + count <= len(self.data), "too short"
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def time(self):
        return struct.unpack(">q", self.take(8))[0]

    def text(self):
        return self.take(self.number(2)).decode()

    def blob(self):
        return self.take(self.number(4))

    def end(self):
        assert self.at == len(self.data), "too long"


def tlv(data, at):
    tag, length, head = data[at], data[at + 1], 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[at + 2:at + 2 + count], "big")
        head += count
    return tag, data[at + head:at + head + length], at + head + length, data[at:at + head + length]


def items(data):
    at = 0
    while at < len(data):
        tag, value, at, whole = tlv(data, at)
        yield tag, value, whole


def tbs_of(der):
    fields = list(items(next(items(next(items(der))[1]))[1]))
    return fields[1:] if fields[0][0] == 0xA0 else fields


def name_key(name):
    pairs = set()
    for _, rdn, _ in items(name):
        for _, pair, _ in items(rdn):
            (_, oid, _), (tag, value, whole) = list(items(pair))
            kind, text = 0, None
            if tag in (0x0C, 0x13, 0x16, 0x12, 0x1A):
                text = value
            elif tag == 0x14:
                try:
                    text = value.decode().encode()
                except UnicodeDecodeError:
                    text = value.decode("latin-1").encode()
            elif tag == 0x1E:
                text = value.decode("utf-16-be").encode()
            elif tag == 0x1C:
                text = value.decode("utf-32-be").encode()
            else:
                kind, text = 1, whole
            pairs.add(hashlib.sha256(bytes([kind, len(oid)]) + oid + text).digest())
    return hashlib.sha256(b"".join(sorted(pairs))).digest()


def serial_magnitude(der):
    return tbs_of(der)[0][1].lstrip(b"\0")


def keys_of(der):
    tbs = tbs_of(der)
    issuer, subject = name_key(tbs[2][1]), name_key(tbs[4][1])
    return subject, issuer, hashlib.sha256(issuer + hashlib.sha256(serial_magnitude(der)).digest()).digest()


def openssl(der, *options):
    command = ["openssl", "x509", "-inform", "DER", "-noout", *options]
    return subprocess.run(command, input=der, capture_output=True, check=True).stdout.decode()


def seconds(text):
    return calendar.timegm(time.strptime(text.split("=", 1)[1].strip(), "%b %d %H:%M:%S %Y %Z"))


def sortable(raw):
    return struct.unpack(">q", bytes([raw[0] ^ 0x80]) + raw[1:8])[0]


def member_parts(key):
    name, digest = key[:-33], key[-32:]
    assert key[-33] == 0 and name == name.lower()
    return name.decode(), digest


def read_cert(raw):
    f = Fields(raw)
    flags = f.number(1)
    cert = {"flags": flags, "bits": f.number(2), "added": f.time(), "from": f.time(), "to": f.time()}
    for field in ("type", "signature", "subject", "issuer", "cn", "serial", "label", "owner"):
        cert[field] = f.text()
    cert["keys"] = (f.take(32), f.take(32), f.take(32))
    cert["der"] = f.blob()
    f.end()
    return cert


def read_store(raw):
    f = Fields(raw)
    store = {"keep": f.number(1), "roles": f.number(4), "ttl": f.number(4), "name": f.text()}
    f.end()
    return store


def read_member(raw):
    f = Fields(raw)
    member = {"own": f.number(1), "roles": f.number(4), "ttl": f.number(4), "until": f.time(), "since": f.time(),
              "origin": f.text()}
    f.end()
    return member


def read_mark(raw):
    f = Fields(raw)
    mark = {"when": f.time(), "why": f.text(), "origin": f.text()}
    f.end()
    return mark


def read_revocation(raw):
    f = Fields(raw)
    found = {"status": f.number(1), "reason": f.number(1), "failures": f.number(2), "until": f.time()}
    for name in "this_update", "next_update", "checked", "next", "revoked_at":
        found[name] = f.time()
    f.text(), f.text(), f.end()
    return found


def read_identity(raw):
    f = Fields(raw)
    has = f.number(1)
    identity = {"cert": f.take(32) if has else None, "times": [f.time() for _ in range(3)], "purpose": f.text(),
                "key": f.text(), "csr_key": f.text(), "csr": f.blob()}
    f.end()
    return identity


def read_change(raw):
    f = Fields(raw)
    change = {"action": f.number(1)}
    flags = f.number(1)
    change["cert"] = f.take(32) if flags & 1 else None
    change.update(when=f.time(), batch=f.number(8), store=f.text(), who=f.text(), detail=f.text(), before=f.blob())
    if flags & 2:
        change.update(left=f.blob(), left_revocation=f.blob())
        assert change["action"] in (2, 3, 4) and hashlib.sha256(read_cert(change["left"])["der"]).digest() == change["cert"]
    f.end()
    return change


def read_answer(raw):
    assert raw[0] == 2 and raw[1] < 2 and len(raw) == 44 + 13 * raw[3]
    times = struct.unpack(">5q", raw[4:44])
    grants = [struct.unpack(">BqI", raw[at:at + 13]) for at in range(44, len(raw), 13)]
    assert len({grant[1:] for grant in grants}) == len(grants)
    assert [grant[0] & -grant[0] for grant in grants] == sorted(grant[0] & -grant[0] for grant in grants)
    roles = [(0, 0)] * 7
    for given, until, ttl in grants:
        assert 0 < given < 128 and until
        for role in range(7):
            if given >> role & 1:
                assert roles[role] == (0, 0)
                roles[role] = (until, ttl)
    return {"blocked": raw[1], "status": raw[2], "until": times[0], "again": times[1], "from": times[2],
            "to": times[3], "stored": times[4], "roles": roles}


def self_signed(cert):
    """By openssl: the same names, and its own key verifies its signature."""
    with open("one.pem", "wb") as pem:
        command = ["openssl", "x509", "-inform", "DER"]
        pem.write(subprocess.run(command, input=cert["der"], capture_output=True, check=True).stdout)
    tbs = tbs_of(cert["der"])
    if tbs[2][2] != tbs[4][2]:
        return False
    command = ["openssl", "verify", "-no_check_time", "-check_ss_sig", "-trusted", "one.pem", "one.pem"]
    return b"signature failure" not in subprocess.run(command, capture_output=True).stderr


def check_cert(digest, cert):
    der = cert["der"]
    assert hashlib.sha256(der).digest() == digest
    assert seconds(openssl(der, "-startdate")) == cert["from"]
    assert min(seconds(openssl(der, "-enddate")), NEVER) == cert["to"] or cert["to"] == NEVER - 1
    assert openssl(der, "-serial").split("=")[1].strip().lstrip("0") == cert["serial"].lstrip("0")
    assert keys_of(der) == cert["keys"]
    assert bool(cert["flags"] & 1) == self_signed(cert)
    text = openssl(der, "-text", "-certopt", "no_sigdump")
    assert bool(cert["flags"] & 2) == ("CA:TRUE" in text)
    assert "Public-Key: (%d bit)" % cert["bits"] in text


def derive(digest, certs, stores, members, blocks, revocations):
    answer = {"blocked": int(digest in blocks), "status": STATUS_UNCHECKED, "until": NEVER, "again": NEVER, "from": 0,
              "to": 0, "stored": 0, "roles": [(0, 0)] * 7}
    if digest not in certs:
        return answer
    cert = certs[digest]
    answer["from"], answer["to"] = cert["from"], cert["to"]
    if cert["flags"] & 1:
        answer["status"] = STATUS_SELF
    elif digest in revocations:
        known = revocations[digest]
        answer["status"], answer["until"] = known["status"], known["until"]
        if known["status"] != STATUS_NO_SOURCE:
            answer["again"] = known["next"]
    for (name, of), member in members.items():
        if of != digest:
            continue
        store = stores[name]
        roles = store["roles"] & member["roles"] if member["own"] else store["roles"]
        answer["stored"] = max(answer["stored"], member["until"])
        for role in range(7):
            if roles >> role & 1:
                until, ttl = answer["roles"][role]
                mine = member["ttl"] or store["ttl"]
                answer["roles"][role] = (max(until, member["until"]), min(ttl, mine) if until else mine)
    return answer


def main():
    db = parse_dump(sys.argv[1])
    meta = dict(db["meta"])
    assert meta[b"format"] == b"\0\0\0\1"
    certs = {k: read_cert(v) for k, v in db["cert"]}
    stores = {k.decode(): read_store(v) for k, v in db["store"]}
    members = {member_parts(k): read_member(v) for k, v in db["member"]}
    blocks = {k: read_mark(v) for k, v in db["block"]}
    revocations = {k: read_revocation(v) for k, v in db["revocation"]}
    identities = {k.decode(): read_identity(v) for k, v in db["identity"]}
    tombstones = {member_parts(k): read_mark(v) for k, v in db["tombstone"]}
    answers = {k: read_answer(v) for k, v in db["answer"]}
    changes = [(int.from_bytes(k, "big"), read_change(v)) for k, v in db["change"]]

    for digest, cert in certs.items():
        check_cert(digest, cert)
        assert digest in blocks or any(of == digest for _, of in members)
    for name, store in stores.items():
        assert store["name"].lower() == name and store["ttl"] >= 1
    for (name, digest), member in members.items():
        assert name in stores and digest in certs and (name, digest) not in tombstones
        assert (member["origin"] == "own") <= (digest in [i["cert"] for i in identities.values()])
    assert sorted(db["subject"]) == sorted((c["keys"][0], d) for d, c in certs.items())
    assert sorted(db["issuer_serial"]) == sorted((c["keys"][2], d) for d, c in certs.items())
    expiry = [(sortable(k), k[8:]) for k, v in db["expiry"] if v == b""]
    assert expiry == sorted((c["to"], d) for d, c in certs.items()) and len(expiry) == len(certs)
    ending = [(sortable(k), member_parts(k[8:])) for k, _ in db["ending"]]
    assert sorted(ending) == sorted((m["until"], k) for k, m in members.items() if m["until"] != NEVER)
    assert set(answers) == set(certs) | set(blocks)
    for digest, answer in answers.items():
        assert answer == derive(digest, certs, stores, members, blocks, revocations), digest.hex()
    assert set(revocations) <= set(certs)
    marks = [k for k, v in db["mark"] if k.startswith(b"revoked\0") and v == b""]
    assert marks == [b"revoked\0" + d for d, a in sorted(answers.items()) if a["status"] == STATUS_REVOKED]
    for purpose, identity in identities.items():
        assert identity["purpose"].lower() == purpose
        if identity["cert"]:
            assert any(d == identity["cert"] and m["origin"] == "own" for (_, d), m in members.items())
    assert [r for r, _ in changes] == list(range(1, len(changes) + 1))
    assert int.from_bytes(meta[b"revision"], "big") == len(changes)
    for revision, change in changes:
        assert 1 <= change["batch"] <= revision and 1 <= change["action"] <= 13 and change["who"]
    for name in sorted(db):
        print(name, len(db[name]))


main()
