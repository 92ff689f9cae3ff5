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
python3 - "$port" "$tvsd_pid" <<'PYTHON' || fail "see above"
import os, re, signal, socket, ssl, sys, time
import phone
from events import children, connections, fresh_metrics, wait_until
from prometheus_client.parser import text_string_to_metric_families

port, supervisor = int(sys.argv[1]), int(sys.argv[2])
with open(os.environ["top_srcdir"] + "/tvs/tvsd.8") as manual:
    documented = {name.removesuffix("_total") for name in re.findall(r"\btvs_\w+", manual.read())}
good = phone.verify_request(phone.der_of("ccm.pem"))


def fresh():
    """{(name, labels): value} of what is written next, after checking that it is what it says to be; and which of them count."""
    found, counters, names = {}, set(), set()
    for family in text_string_to_metric_families(fresh_metrics(supervisor, "tvs.prom")):
        assert family.documentation and family.type in ("counter", "gauge", "histogram"), family
        names.add(family.name)
        for sample in family.samples:
            key = sample.name, *sorted(sample.labels.items())
            assert key not in found, key
            found[key] = sample.value
            if family.type != "gauge":
                counters.add(key)
    assert names == documented, names ^ documented
    buckets = [found[key] for key in found if key[0].endswith("_bucket")]
    assert buckets == sorted(buckets) and buckets[-1] == found[("tvs_answer_duration_seconds_count",)]
    return found, counters


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

# as many as one address may have, which are cut after 5 seconds, and three more
wait_until(lambda: connections(port) == 0, why="the last connection ends")
held = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
wait_until(lambda: connections(port) == 5, why="five connections are there")
assert fresh()[0][("tvs_connections",)] == 5
for _ in range(3):
    with socket.create_connection(("127.0.0.1", port)) as sock:
        assert phone.is_closed(sock, 4)
for sock in held:
    assert phone.is_closed(sock, 20)
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
assert second[("tvs_reloads_total", ("result", "done"))] == first[("tvs_reloads_total", ("result", "done"))] + 2



# a worker dies: no total goes back
def answered():
    with phone.connect("127.0.0.1", port) as sock:
        return phone.ask(sock, good).trusted


wait_until(lambda: len(children(supervisor)) == 2, 30, "the workers from before the reload have gone")
for pid in children(supervisor):
    os.kill(int(pid), signal.SIGKILL)
wait_until(answered)
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
