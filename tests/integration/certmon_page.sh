#!/bin/bash
# The report's page in a real browser: it draws, logs no error, and asks nobody for anything.
TEST_LIMIT=180
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
[ -n "${TEST_FULL:-}" ] || not_here 'only with --full'
need openssl chromium python3

store=$tmp/store
truststore --store "$store" --quiet init
for days in 5 40 200 500; do
	cert_new "c$days" --days "$days" --key rsa:2048 --subj "/O=<b>Bell & \"Sons\"/CN=host$days.example.test"
	truststore --store "$store" --quiet add tomcat-trust "c$days.pem"
done
expect 0 env TVS_CLOCK=+10d certmon --store "$store" report --html page.html
for size in 1100,900 400,900; do
	timeout 90 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync --user-data-dir="$tmp/profile" --enable-logging=stderr --v=0 \
		--window-size="$size" --log-net-log="$tmp/net.json" --screenshot="$tmp/shot-$size.png" "file://$tmp/page.html" \
		>chromium.log 2>&1 || fail 'the browser cannot show the page'
	[ "$(stat -c %s "shot-$size.png")" -gt 10000 ] || fail 'the picture is empty'
	! grep -q 'CONSOLE' chromium.log || fail 'something was logged to the console'
	python3 - net.json <<'PYTHON' || fail 'a request left the page'
import json, sys
text = open(sys.argv[1], encoding="utf-8").read().rstrip().rstrip(",")
try:
    log = json.loads(text)
except ValueError:
    log = json.loads(text + "]}")
urls = {event["params"]["url"] for event in log["events"]
        if event.get("params", {}).get("initiator") in ("file://", "null") and "url" in event["params"]}
assert all(url.startswith(("file://", "data:")) for url in urls), urls
PYTHON
done
ok 'drawn at both widths, no error, no request'
