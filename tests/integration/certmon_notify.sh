#!/bin/bash
# certmon's other ways to tell: a webhook, syslog; and staying, for systems without cron.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3

store=$tmp/store
truststore --store "$store" --quiet init
cert_new soon --days 20 --key rsa:2048 --subj '/CN=a b="c"'
truststore --store "$store" --quiet add tomcat-trust soon.pem

cat >hook.py <<'PYTHON'
import http.server, json, os, sys
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        good = not os.path.exists("refuse")
        with open("posted", "a", encoding="utf-8") as file:
            file.write(json.dumps({"type": self.headers["Content-Type"], "good": good, "body": json.loads(body)}) + "\n")
        self.send_response(204 if good else 503)
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Hook)
server.serve_forever()
PYTHON
port=$(free_port)
start python3 hook.py "$port"
wait_for 10 port_open "$port"
printf '[store]\npath = %s\n[certmon]\nsyslog = no\nwebhook = http://127.0.0.1:%s/hook\n' "$store" "$port" >certmon.conf

touch refuse
expect 2 certmon --config certmon.conf run
err_has 'HTTP status 503'
rm refuse
expect 0 certmon --config certmon.conf run
expect 0 certmon --config certmon.conf run
same 'posts' 2 "$(wc -l <posted)"
python3 - "$(sha256_of soon.pem)" <<'PYTHON' || fail 'the posts are not as they should be'
import json, sys
first, second = [json.loads(line) for line in open("posted", encoding="utf-8")]
assert not first["good"] and second["good"] and first["body"] == second["body"]
assert second["type"] == "application/json"
finding, = second["body"]["due"]
assert finding["sha256"] == sys.argv[1] and finding["level"] == "warning" and finding["found_in"] == "tomcat-trust"
PYTHON
ok 'a webhook gets JSON; a refused notice is posted again'
sed -i 's/^webhook = .*/webhook = file:\/\/\/etc\/passwd/' certmon.conf
expect 2 certmon --config certmon.conf run
err_has 'not http://'
ok 'a webhook is http or https'

# --- a channel that goes while a message waits for it

# gone LINE...: with LINEs in [certmon] nothing can be delivered; without them the message is given up, and the report says so
gone()
{
	rm -rf other
	truststore --store other --quiet init
	truststore --store other --quiet add tomcat-trust soon.pem
	printf '[store]\npath = other\n[certmon]\nsyslog = no\n' >gone.conf
	cp gone.conf there.conf
	printf '%s\n' "$@" >>there.conf
	expect 2 certmon --config there.conf run
	expect 0 certmon --config gone.conf report
	out_has 'waiting'
	expect 0 certmon --config gone.conf run
	expect 0 certmon --config gone.conf report
	out_has 'given up'
	out_has 'the configuration no longer says how to send it'
}
gone "webhook = http://127.0.0.1:$(free_port)/"
gone 'command = /bin/false'
gone 'email = yes' 'from = a@example.test' 'to = b@example.test' 'sendmail = /bin/false'
ok 'a message whose channel is gone from the configuration is given up, and that is said'

# --- staying

printf '[store]\npath = %s\n[certmon]\nsyslog = no\nfrequency = 1d\ncommand = %s/note\n' "$store" "$tmp" >certmon.conf
printf '#!/bin/sh\ncat >>"%s/noted"\n' "$tmp" >note
chmod 755 note
TVS_CLOCK=+2d start certmon --config certmon.conf watch
wait_for 10 test -s noted || fail 'the first run does not come at once'
stop "$pid"
same 'exit code' 0 "$stopped"
ok 'watch runs at once and ends with SIGTERM'

# --- syslog

[ "$(id -u)" = 0 ] && [ ! -e /dev/log ] || { ok 'syslog: not tried, /dev/log is not ours to make'; exit 0; }
cat >syslog.py <<'PYTHON'
import os, socket
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind("/dev/log")
os.chmod("/dev/log", 0o666)
open("listening", "w").close()
with open("messages", "a", buffering=1) as file:
    while True:
        file.write(receiver.recv(65536).decode("utf-8", "replace").rstrip("\n\0") + "\n")
PYTHON
on_exit 'rm -f /dev/log'
start python3 syslog.py
wait_for 10 test -e listening
printf '[store]\npath = %s\n[certmon]\nfrequency = 1d\n' "$store" >certmon.conf
TVS_CLOCK=+100h expect 0 certmon --config certmon.conf run
wait_for 5 grep -q "$(sha256_of soon.pem)" messages || fail 'nothing reached syslog'
# other programs of this machine may write there, too
same 'lines' 1 "$(grep -c "$(sha256_of soon.pem)" messages)"
grep -qE '^<[0-9]+>.*certmon.*certificate expires in 15 days level=warning subject=CN\\x3da\\x20b\\x3d.* found_in=tomcat-trust sha256=[0-9a-f]{64}$' messages ||
	fail "not the line that was expected: $(cat messages)"
ok 'one line a finding reaches syslog, with its words escaped'
