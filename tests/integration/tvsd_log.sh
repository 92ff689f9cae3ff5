#!/bin/bash
# Nobody takes the log: phones are answered all the same, and what was lost is counted.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl prometheus_client

make_store
cert_new ccm
truststore --store "$store" --quiet add CallManager-trust ccm.pem
make_conf tvs.conf "metrics = $tmp/tvs.prom" 'max-requests = 0'
python3 - "$port" <<'PYTHON' || fail "see above"
import os, re, subprocess, sys, time
import phone
from events import fresh_metrics, wait_until
from prometheus_client.parser import text_string_to_metric_families

port = int(sys.argv[1])
good = phone.verify_request(phone.der_of("ccm.pem"))
tvsd = subprocess.Popen(["tvsd", "--config", "tvs.conf"], stderr=subprocess.PIPE)


def lost():
    for family in text_string_to_metric_families(fresh_metrics(tvsd.pid, "tvs.prom")):
        if family.name == "tvs_log_lines_lost":
            return family.samples[0].value


try:
    sock = wait_until(lambda: phone.connect("127.0.0.1", port), 20)
    # 200 bytes a line: the pipe holds 64 kB, the log's buffer 64 kB more
    worst, asked = 0, 3000
    for i in range(asked):
        begin = time.monotonic()
        assert phone.ask(sock, good).trusted
        worst = max(worst, time.monotonic() - begin)
    assert worst < 1, f"an answer took {worst} seconds"
    count = wait_until(lost, 20, "a lost line is counted")
    os.set_blocking(tvsd.stderr.fileno(), False)
    text, end = b"", time.monotonic() + 10
    while b"lost" not in text:
        assert time.monotonic() < end, "the loss is not reported"
        text += tvsd.stderr.read() or b""
        assert phone.ask(sock, good).trusted
    lines = text.split(b"\n")[:-1]
    assert all(re.match(rb"\S+Z tvsd [a-z]+: ", line) for line in lines), "a line is torn"
    print(f"{count:.0f} lines lost, slowest answer {worst * 1000:.1f} ms")
finally:
    tvsd.kill()
    tvsd.wait()
PYTHON
ok "a log that nobody reads holds nobody up"
