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
cert_new long --days 300 --key rsa:2048 --subj "/OU=A department whose name goes on and on/CN=$(printf 'x%.0s' {1..40}).example.test"
truststore --store "$store" --quiet add CallManager-trust long.pem
printf '[store]\npath = %s\n[certmon]\nfiles = %s/a/rather/long/path/to/a/file/that/is/not/there.pem\n' "$store" "$tmp" >certmon.conf
expect 0 env TVS_CLOCK=+10d certmon --config certmon.conf report --html page.html
browser()
{
	timeout 90 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync --user-data-dir="$tmp/profile" --enable-logging=stderr --v=0 "$@" \
		2>chromium.log || fail "the browser cannot show the page: $*"
}

# the URLs that the page asked for: requests that were begun by a file or its frame, and not by the browser for itself
requests()
{
	python3 - net.json <<'PYTHON'
import json, sys
text = open(sys.argv[1], encoding="utf-8").read().rstrip().rstrip(",")
try:
    log = json.loads(text)
except ValueError:
    log = json.loads(text + "]}")
urls = {event["params"]["url"] for event in log["events"]
        if event.get("params", {}).get("initiator") in ("file://", "null") and "url" in event["params"]}
print(*sorted(url for url in urls if not url.startswith(("file://", "data:"))))
PYTHON
}

# --- it draws, logs nothing and asks nobody

# what it looks for would be seen
sed 's,<h1>,<img src="http://127.0.0.1:9/x.png"><script>console.log("spoken")</script>&,' page.html >leaky.html
browser --window-size=1100,900 --log-net-log="$tmp/net.json" --screenshot="$tmp/leaky.png" "file://$tmp/leaky.html" >chromium.out
same 'requests of a page that makes one' http://127.0.0.1:9/x.png "$(requests)"
grep -q 'CONSOLE.*spoken' chromium.log || fail 'what is logged to the console is not seen'
for look in 1100,900,0 500,900,0 1100,900,1 500,900,1; do # the last digit: 0 dark, 1 light
	browser --window-size="${look%,*}" --blink-settings=preferredColorScheme="${look##*,}" --log-net-log="$tmp/net.json" \
		--screenshot="$tmp/shot-$look.png" "file://$tmp/page.html" >chromium.out
	[ "$(stat -c %s "shot-$look.png")" -gt 10000 ] || fail 'the picture is empty'
	! grep -q 'CONSOLE' chromium.log || fail 'something was logged to the console'
	same 'requests' '' "$(requests)"
done
for width in 1100 500; do
	! cmp -s "shot-$width,900,0.png" "shot-$width,900,1.png" || fail 'dark and light look the same'
done
ok 'drawn at both widths, dark and light, no error, no request'

# --- and fits into the width, also a phone's

cat >frame.html <<'HTML'
<!DOCTYPE html><meta charset="utf-8"><body><script>
let result = "";
for (const width of [320, 360, 768, 1280]) {
	const frame = document.createElement("iframe");
	frame.width = width;
	frame.height = 800;
	frame.onload = () => {
		const page = frame.contentDocument.documentElement;
		result += ` ${width}:${page.scrollWidth > page.clientWidth ? "too wide" : "fits"}`;
		document.body.dataset.result = result;
	};
	frame.src = "page.html";
	document.body.append(frame);
}
</script></body>
HTML
browser --allow-file-access-from-files --virtual-time-budget=5000 --dump-dom "file://$tmp/frame.html" >dom
grep -o 'data-result="[^"]*"' dom | tr ' ' '\n' | sort >fits
same 'widths' '320:fits 360:fits 768:fits 1280:fits' "$(grep -o '[0-9]*:[a-z]*' fits | sort -n | tr '\n' ' ' | sed 's/ $//')"
ok 'nothing sticks out at 320 to 1,280 pixels'
