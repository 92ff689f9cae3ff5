#!/bin/bash
# The counters, read by Prometheus' own parser: every kind counts, and totals never go back.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl prometheus_client

make_store
cert_new ccm
truststore --store "$store" --quiet add CallManager-trust ccm.pem
make_conf tvs.conf "metrics = $tmp/tvs.prom" 'max-connections-per-address = 5' 'handshake-timeout = 5s'
start_tvsd tvs.conf
export PYTHONPATH=$top_srcdir/tests/integration PYTHONDONTWRITEBYTECODE=1
python3 - "$port" "$tvsd_pid" <<'PYTHON' || fail "see above"
import os, signal, socket, ssl, sys, time
import phone
from prometheus_client.parser import text_string_to_metric_families

port, supervisor = int(sys.argv[1]), int(sys.argv[2])
good = phone.verify_request(phone.der_of("ccm.pem"))


def read():
    """{(name, labels): value}, after checking that it is what it says to be."""
    with open("tvs.prom") as file:
        text = file.read()
    found, counters = {}, set()
    for family in text_string_to_metric_families(text):
        assert family.documentation and family.type in ("counter", "gauge", "histogram"), family
        assert family.name.startswith("tvs_"), family.name
        for sample in family.samples:
            key = sample.name, *sorted(sample.labels.items())
            assert key not in found, key
            found[key] = sample.value
            if family.type != "gauge":
                counters.add(key)
    buckets = [found[key] for key in found if key[0].endswith("_bucket")]
    assert buckets == sorted(buckets) and buckets[-1] == found[("tvs_answer_duration_seconds_count",)]
    return found, counters


def fresh():
    """What is written next."""
    before = os.stat("tvs.prom").st_ino if os.path.exists("tvs.prom") else 0
    os.kill(supervisor, signal.SIGHUP)
    end = time.monotonic() + 20
    while not os.path.exists("tvs.prom") or os.stat("tvs.prom").st_ino == before:
        assert time.monotonic() < end
        time.sleep(0.02)
    return read()


first, _ = fresh()
assert first[("tvs_workers",)] == 2
assert first[("tvs_store_certificates",)] >= 2 and first[("tvs_store_revision",)] >= 2
assert first[("tvs_certificate_not_after_seconds",)] > time.time()
for tls in ("1.2", "1.3"):
    with phone.connect("127.0.0.1", port, using=phone.context(tls)) as sock:
        assert phone.ask(sock, good).trusted
        assert not phone.ask(sock, phone.verify_request(b"x")).trusted
        assert not phone.ask(sock, phone.query_request("CN=x", b"1")).trusted
        sock.sendall(b"\x58")
        assert sock.recv(1) == b""
try:
    phone.connect("127.0.0.1", port, using=phone.context("1.1"))
except (OSError, ssl.SSLError):
    pass


def refused(sock, seconds):
    sock.settimeout(seconds)
    try:
        return sock.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


# as many as one address may have, which are cut after 5 seconds, and three more
held = []
while len(held) < 5:
    sock = socket.create_connection(("127.0.0.1", port))
    if not refused(sock, 0.2):
        held.append(sock)
for _ in range(3):
    with socket.create_connection(("127.0.0.1", port)) as sock:
        assert refused(sock, 4)
for sock in held:
    assert refused(sock, 20)
second, counters = fresh()
expected = {
    ("tvs_answers_total", ("reason", "trusted"), ("type", "verify")): 2,
    ("tvs_answers_total", ("reason", "unknown"), ("type", "verify")): 2,
    ("tvs_answers_total", ("reason", "unknown"), ("type", "query")): 2,
    ("tvs_handshakes_total", ("version", "TLS1.2")): 1,
    ("tvs_handshakes_total", ("version", "TLS1.3")): 1,
    ("tvs_handshake_failures_total", ("kind", "version")): 1,
    ("tvs_failures_total", ("kind", "handshake")): 1,
    ("tvs_failures_total", ("kind", "malformed")): 2,
    ("tvs_malformed_frames_total", ("error", "discriminator")): 2,
    ("tvs_answer_duration_seconds_count",): 6,
}
for key, count in expected.items():
    grown = second[key] - first[key]
    assert grown == count, f"{key} grew by {grown} instead of {count}"
late = "tvs_failures_total", ("kind", "handshake-timeout")
assert second[late] - first[late] >= 5
assert second[("tvs_refusals_total", ("limit", "address"))] - first[("tvs_refusals_total", ("limit", "address"))] >= 3
assert second[("tvs_connections_accepted_total",)] - first[("tvs_connections_accepted_total",)] >= 8
assert second[("tvs_reloads_total", ("result", "done"))] == first[("tvs_reloads_total", ("result", "done"))] + 1

# a worker dies: no total goes back
def workers():
    with open(f"/proc/{supervisor}/task/{supervisor}/children") as file:
        return file.read().split()


deadline = time.monotonic() + 30
while len(workers()) > 2:  # those from before the reload have gone
    assert time.monotonic() < deadline
    time.sleep(0.05)
for pid in workers():
    os.kill(int(pid), signal.SIGKILL)
deadline = time.monotonic() + 10
while True:
    try:
        with phone.connect("127.0.0.1", port) as sock:
            assert phone.ask(sock, good).trusted
        break
    except OSError:
        assert time.monotonic() < deadline
        time.sleep(0.05)
third, _ = fresh()
for key in counters:
    assert third[key] >= second[key], f"{key} went back from {second[key]} to {third[key]}"
assert third[("tvs_worker_restarts_total",)] >= second[("tvs_worker_restarts_total",)] + 2
PYTHON
same 'mode' 644 "$(stat -c %a tvs.prom)"
same 'left behind' tvs.prom "$(ls | grep prom)"
ok "the metrics"
# it is written by itself, too
rm tvs.prom
wait_for 20 test -s tvs.prom || fail "nothing is written within 15 seconds"
ok "every 15 seconds"
