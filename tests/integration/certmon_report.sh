#!/bin/bash
# What certmon finds and shows: sources, table, page, calendar, metrics, the monitoring plugin, acknowledgements.
TEST_LIMIT=180
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3 script stty
need_python icalendar prometheus_client

store=$tmp/store
truststore --store "$store" --quiet init
for name in soon:5 later:200 far:2000; do
	cert_new "${name%:*}" --days "${name#*:}" --key rsa:2048 --subj "/O=Bell; Sons, \"Ltd\"/CN=${name%:*}.example.test" \
		--ext "subjectAltName=DNS:${name%:*}.example.test"
	truststore --store "$store" --quiet add tomcat-trust "${name%:*}.pem"
done
# expired after it was added
cert_new gone --days 2 --key rsa:2048
truststore --store "$store" --quiet add CallManager-trust gone.pem
export TVS_CLOCK=+76h # no number of days depends on how long the test takes

conf()
{
	printf '[store]\npath = %s\n[certmon]\nsyslog = no\n' "$store" >certmon.conf
	[ $# = 0 ] || printf '%s\n' "$@" >>certmon.conf
}

run()
{
	expect "$1" certmon --config certmon.conf "${@:2}"
}

# subjects of what the report finds, in its order
found()
{
	run 0 report --json
	json '" ".join(f["subject"].split("CN=")[-1] for f in d["findings"])'
}

conf
same 'findings' 'gone soon.example.test later.example.test' "$(found)"
run 0 report
out_has 'expired'
out_has 'expires in 1 day'
out_lacks 'far.example.test'
out_lacks $'\033'
ok 'the table: the most urgent first, nothing that ends in more than two years'

# on_terminal COLUMNS: what the report looks like there, without its colours
on_terminal()
{
	script -qec "stty cols $1; certmon --config certmon.conf report" /dev/null | tr -d '\r' | sed 's/\x1b\[[0-9]*m//g' >out
}

cert_new long --days 60 --subj "/CN=a-host-with-a-long-name-of-a-phone-proxy-in-the-cellar.example" --key rsa:2048
truststore --store "$store" --quiet add tomcat-trust long.pem
conf "files = $tmp/there-is-no-such-directory/and-no-such-file.pem, $tmp/soon.pem"
for columns in 80 100 120 200; do
	on_terminal $columns
	python3 - $columns "$tmp" "$(sha256_of soon.pem)" <<'PYTHON' || fail "not readable on $columns columns: $(cat out)"
import sys
columns, place, soon = int(sys.argv[1]), *sys.argv[2:]
text = open("out", encoding="utf-8").read()
assert all(len(line) <= columns for line in text.splitlines())
assert any(line.startswith("critical  expires in 1 day ") or "  expires in 1 day " in line for line in text.splitlines()
           if "soon.example.test" in line)
assert soon[:16] in text and "tomcat-trust" in text and "expired 1 day ago" in text
together = text.replace("\n", "").replace(" ", "")
for words in ("a-host-with-a-long-name-of-a-phone-proxy-in-the-cellar.example",
              place + "/there-is-no-such-directory/and-no-such-file.pem cannot be read: No such file or directory"):
    assert words.replace(" ", "") in together, words
PYTHON
done
run 0 report
grep -qF "$tmp/there-is-no-such-directory/and-no-such-file.pem cannot be read: No such file or directory" out ||
	fail 'what is no terminal gets lines that are cut'
truststore --store "$store" --quiet remove tomcat-trust "$(sha256_of long.pem)"
conf
ok 'the table fits terminals, with whole subjects'

# --- the plugin

plugin()
{
	run "$@"
	same 'lines' 1 "$(wc -l <out)"
	grep -qE '^CERTMON (OK|WARNING|CRITICAL|UNKNOWN) - [^|]* \| expired=[0-9]+;;0 critical=[0-9]+;;0 warning=[0-9]+;0 unreadable=[0-9]+;0( next=-?[0-9]+s;[0-9]+:;[0-9]+:)?$' out ||
		fail "not a plugin's line: $(cat out)"
}

plugin 2 check
out_has 'CERTMON CRITICAL - 1 expired, 1 critical, 0 warning'
run 0 ack "$(sha256_of gone.pem | cut -c1-16)" --until +30d --reason 'switched off'
expect 0 truststore --store "$store" history --cert "$(sha256_of gone.pem)"
grep -q '  notices  .*  expiry notices silenced' out || fail 'the change log does not say what it was'
plugin 1 check --critical 1d --warning 40d
run 0 ack "$(sha256_of soon.pem)" --until +30d --reason 'nobody needs it'
plugin 0 check
plugin 1 check --warning 300d
out_has '1 warning'
run 0 report --json
same 'an acknowledged one' '[true, "nobody needs it"]' \
	"$(json '[[f["acknowledged"], f["acknowledged_reason"]] for f in d["findings"] if "soon" in f["subject"]][0]')"
run 0 report
grep -q '^silent .*CN=soon.example.test  (until [0-9-]*: nobody needs it)$' out || fail 'the table does not say why it is silent'
run 0 unack --json "$(sha256_of soon.pem)"
same 'unack as JSON' "[\"$(sha256_of soon.pem)\", null]" "$(json '[d["sha256"], d["acknowledged_until"]]')"
plugin 2 check
run 2 unack "$(sha256_of soon.pem)"
err_has 'not acknowledged'
run 2 ack "$(sha256_of soon.pem)" --until 2020-01-01 --reason x
err_has 'in the past'
run 2 ack ffffffffffffffff --until +1d --reason x
run 2 ack "$(sha256_of soon.pem)" --until +1d
expect 3 certmon --store /nonexistent check
out_has 'CERTMON UNKNOWN - '
run 3 check --warning 1d --critical 2d
ok 'the plugin, acknowledging and taking it back'

# one rule: what the report calls critical is so for the plugin, and the same goes for the others
run 0 ack "$(sha256_of gone.pem)" --until +30d --reason 'switched off'
levels() { run 0 report --json; json '" ".join(sorted({f["level"] for f in d["findings"] if not f["acknowledged"]}))'; }
same 'levels' 'critical note' "$(levels)"
plugin 2 check
out_has '0 expired, 1 critical, 0 warning, 0 unreadable'
out_has ';604800:'
conf 'start = 2d'
same 'levels' 'critical note' "$(levels)"
plugin 2 check
conf 'start = 1d' # at that time nobody is told yet
same 'levels' 'note' "$(levels)"
plugin 0 check
conf "files = $tmp/missing.pem" 'start = 1d'
same 'levels' 'note warning' "$(levels)"
plugin 1 check
out_has '0 expired, 0 critical, 0 warning, 1 unreadable'
conf
ok 'the levels of the report are those of the plugin'

# --- further sources

mkdir more
cp later.pem more/a.pem
openssl x509 -in far.pem -outform DER -out more/b.der
cert_new archived --days 100
openssl pkcs12 -export -nokeys -in archived.pem -out more/c.p12 -passout pass:secret
echo secret >secret && chmod 600 secret
cert_new lsc --days 50 --subj '/CN=CP-8861-SEP001122AABBCC'
mkdir lsc && cp lsc.pem lsc/
cert_new served --days 60 --ext 'subjectAltName=DNS:localhost'
port=$(free_port) dead=$(free_port)
TVS_CLOCK= start openssl s_server -accept "$port" -cert served.pem -key served.key -www -quiet
wait_for 10 port_open "$port"
conf "files = $tmp/more, $tmp/missing.pem" "files-password-file = $tmp/secret" "lsc-directory = $tmp/lsc" 'lsc = yes' \
	"servers = localhost:$port, 127.0.0.1:$dead"
same 'findings' "gone|soon.example.test|cannot be read|cannot be read|CP-8861-SEP001122AABBCC|served|archived|later.example.test" \
	"$(run 0 report --json; json '"|".join("cannot be read" if f["kind"] == "source" else f["subject"].split("CN=")[-1] for f in d["findings"])')"
same 'places' "tomcat-trust, $tmp/more/a.pem" "$(json '[f["found_in"] for f in d["findings"] if "later" in f["subject"]][0]')"
echo wrong >secret
run 0 report
out_has "$tmp/more/c.p12 cannot be read: the password is wrong"
out_has "$tmp/missing.pem cannot be read"
out_has "127.0.0.1:$dead cannot be read: Connection refused"
mkdir keys empty
cp soon.key keys/privkey.pem
cp later.pem keys/fullchain.pem
: >keys/broken.pem
mkfifo keys/pipe.pem
conf "files = $tmp/keys, $tmp/empty, $tmp/soon.key" 'lsc = yes' "lsc-directory = $tmp/empty"
run 0 report
out_lacks "$tmp/keys/privkey.pem"
out_has "$tmp/keys/broken.pem cannot be read: holds no certificate"
out_has "$tmp/keys/pipe.pem cannot be read: it is not a regular file"
out_has "$tmp/empty cannot be read: no file in it has the name of a certificate"
out_has "$tmp/soon.key cannot be read: holds no certificate, only a PRIVATE KEY"
out_has "tomcat-trust, $tmp/keys/fullchain.pem"
conf 'lsc = yes' "lsc-directory = $tmp/empty"
run 0 report
out_lacks 'cannot be read'
ok 'files, directories, archives, phones, servers; what cannot be read is a finding'
conf 'email = yes' 'to = a@example.test' 'from = b@example.test' 'sendmail = /bin/true' 'servers = nohost.invalid:443'
truststore --store bare --quiet init
run 0 --store bare run --dry-run
grep -q '^nohost.invalid:443 cannot be read: [^:]*$' out || fail 'a source names itself twice, or the reason is missing'
out_has 'Subject: Certificates: nohost.invalid:443 cannot be read since today'
out_lacks 'nohost.invalid:443: '
ok 'a source that cannot be read names itself once, in the mail and its subject'

# --- what must not be waited for
mkdir odd
mkfifo odd/fifo.pem
ln -s /dev/zero odd/zero.crt
truncate -s 65M odd/large.der
conf "files = $tmp/odd"
expect 0 timeout 30 certmon --config certmon.conf report
out_has "$tmp/odd/fifo.pem cannot be read: it is not a regular file"
out_has "$tmp/odd/zero.crt cannot be read: it is not a regular file"
out_has "$tmp/odd/large.der cannot be read: it is larger than 64 MiB"
ok 'a FIFO, a device and a huge file do not stop it'

# --- files for other programs

conf
run 0 report --html page.html --ics calendar.ics --prometheus metrics.prom
ends=$(date -d "$(openssl x509 -in later.pem -noout -enddate | cut -d= -f2)" +%s)
python3 - "$(sha256_of soon.pem)" "$(sha256_of later.pem)" "$ends" <<'PYTHON' || fail 'the files are not as they should be'
import html.parser, sys
from datetime import datetime, timezone
from icalendar import Calendar
from prometheus_client.parser import text_string_to_metric_families

soon, later = sys.argv[1:3]
end = int(sys.argv[3])
with open("calendar.ics", "rb") as file:
    raw = file.read()
assert all(len(line) <= 75 for line in raw.split(b"\r\n")) and b"\n" not in raw.replace(b"\r\n", b"")
events = {str(event["UID"]): event for event in Calendar.from_ical(raw).walk("VEVENT")}
assert set(events) >= {soon + "@certmon.tvs", later + "@certmon.tvs"} and len(events) == 3, events.keys()
event = events[later + "@certmon.tvs"]
assert event["SUMMARY"].startswith("Certificate expires: O=Bell") and event["SUMMARY"].endswith(",CN=later.example.test")
# RFC 5545, 3.3.11: the backslashes of the name are escaped as well as its commas; the parser undoes that only in part
assert rb'SUMMARY:Certificate expires: O=Bell\\\; Sons\\\, \\"Ltd\\"\,CN=later.example.test' in raw.replace(b"\r\n ", b"")
assert len(event.walk("VALARM")) == 2
assert not any(event.walk("VALARM") for uid, event in events.items() if uid not in (soon + "@certmon.tvs", later + "@certmon.tvs"))
day = datetime.fromtimestamp(end, timezone.utc).date()
assert event["DTSTART"].dt == day, (event["DTSTART"].dt, day)

with open("metrics.prom", encoding="utf-8") as file:
    families = {family.name: family for family in text_string_to_metric_families(file.read())}
ends = {sample.labels["sha256"]: sample for sample in families["tvs_cert_not_after_timestamp_seconds"].samples}
assert ends[later].value == end, (ends[later].value, end)
assert ends[later].labels["found_in"] == "tomcat-trust" and ends[later].labels["silent"] == "no"
assert "later.example.test" in ends[later].labels["subject"]
levels = {sample.labels["level"]: sample.value for sample in families["tvs_certmon_findings"].samples}
assert levels == {"expired": 1, "critical": 1, "warning": 0, "note": 1}, levels

class Page(html.parser.HTMLParser):
    bars, text = 0, ""
    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        assert tag not in ("script", "img", "iframe"), tag
        assert not values.get("src") and values.get("href", "data:,") == "data:,", values
        self.bars += values.get("class") == "bar"
    def handle_data(self, data):
        self.text += data
page = Page()
page.feed(open("page.html", encoding="utf-8").read())
assert page.bars == 3, page.bars
assert "soon.example.test" in page.text and "far.example.test" not in page.text
PYTHON
ok 'page, calendar and metrics, judged by other parsers'
same 'mode of the metrics' 644 "$(stat -c %a metrics.prom)"

# --- runs that overlap, and the mark of the last complete one

conf 'email = yes' 'to = a@example.test' 'from = b@example.test' 'sendmail = /bin/true'
run 0 run --json
same 'first run' '[1, 1]' "$(json '[d["announced"], d["delivered"]]')"
exec 9<"$store/certmon.lock"
flock 9
run 0 run --verbose
err_has 'another run is at work'
exec 9<&-
run 0 report --json
json 'd["last_success"]' | grep -q '^20' || fail 'no last complete run'
run 0 report --prometheus metrics.prom
grep -q '^tvs_certmon_last_success_timestamp_seconds [0-9]' metrics.prom || fail 'no last success among the metrics'
ok 'a run that finds another at work leaves it the work'

# --- root's runs and the owner's

if [ "$(id -u)" = 0 ]; then
	mkdir -m 750 owned
	chown nobody owned
	expect 0 truststore --store owned --quiet init
	expect 0 certmon --store owned run
	same "the lock's owner" nobody "$(stat -c %U owned/certmon.lock)"
	cp "$(command -v certmon)" everybodys # the build may lie where nobody else may look
	expect 0 setpriv --reuid=nobody --clear-groups ./everybodys --store "$tmp/owned" run --verbose
	out_has '0 found'
	ok 'a run of root keeps nothing from the owner of the store'
fi

# --- a revocation list without a successor

unset TVS_CLOCK
mkdir lists
http=$(free_port)
start python3 -m http.server --bind 127.0.0.1 --directory lists "$http"
wait_for 10 port_open "$http"
ca_new ca
cert_new listed --ca ca --days 900 --ext "crlDistributionPoints=URI:http://127.0.0.1:$http/ca.crl"
: >index.txt
printf '[ca]\ndatabase = index.txt\ndefault_md = sha256\n' >crl.cnf
openssl ca -gencrl -config crl.cnf -name ca -cert ca.pem -keyfile ca.key -crldays 5 -out ca.crl 2>>openssl.log
openssl crl -in ca.crl -outform DER -out lists/ca.crl
truststore --store "$store" --quiet add tomcat-trust ca.pem listed.pem
printf '[ocsp]\nenable = yes\n' >>certmon.conf
run_ocsp() { expect 0 ocspcheck --config certmon.conf run --all; }
run_ocsp
run 0 report
out_lacks 'has no successor'
TVS_CLOCK=+121h run 0 report # an hour after its end
out_lacks 'has no successor'
TVS_CLOCK=+6d run 0 report
out_has "the revocation list http://127.0.0.1:$http/ca.crl has no successor"
sed -i 's/^enable = yes/enable = no/' certmon.conf
TVS_CLOCK=+6d run 0 report
out_lacks 'has no successor'
ok 'a revocation list that ended without a successor, and time for it to come, and only where lists are used'

# --- a certificate that its CA revoked

sed -i 's/^enable = no/enable = yes/' certmon.conf
openssl ca -config crl.cnf -name ca -cert ca.pem -keyfile ca.key -revoke listed.pem -crl_reason keyCompromise 2>>openssl.log
openssl ca -gencrl -config crl.cnf -name ca -cert ca.pem -keyfile ca.key -crldays 30 -out ca.crl 2>>openssl.log
openssl crl -in ca.crl -outform DER -out lists/ca.crl
truststore --store "$store" --quiet remove tomcat-trust "$(sha256_of soon.pem)"
plugin 0 check
TVS_CLOCK=+121h run_ocsp # the list of before has ended
plugin 1 check
out_has 'CERTMON WARNING - 0 expired, 0 critical, 1 warning, 0 unreadable; first: '
out_has 'CN=listed was revoked today'
run 0 report
grep -qE '^warning .* was revoked today .*CN=listed' out || fail 'the table does not say that it is revoked'
run 0 report --html page.html --ics calendar.ics
grep -q keyCompromise page.html || fail 'the page does not say why'
! grep -q listed calendar.ics || fail 'the calendar has the end of a revoked one'
run 0 report --json
same 'as JSON' "[\"warning\", \"keyCompromise\", \"tomcat-trust\"]" \
	"$(json '[[f["level"], f["revocation_reason"], f["found_in"]] for f in d["findings"] if f["kind"] == "revoked"][0]')"
run 0 run --json
same 'announced' 1 "$(json 'd["announced"]')"
run 0 ack "$(sha256_of listed.pem)" --until +30d --reason 'its server is off'
plugin 0 check
run 0 unack "$(sha256_of listed.pem)"
ok 'a revoked certificate, in table, page, plugin and JSON, until it is acknowledged'

# --- alert rules

conf "files = $tmp/missing.pem" # a sample of each of the metrics
cp -r "$store" copy
run 0 --store copy run
run 0 --store copy report --prometheus all.prom
rules=$top_srcdir/contrib/tvs.rules.yml
names=$(grep -oE 'tvs_[a-z_]+' "$rules" | sort -u)
[ "$(wc -w <<<"$names")" -ge 5 ] || fail 'the alert rules name no metrics'
for name in $names; do grep -q "^$name[{ ]" all.prom || fail "the alert rules name $name, which nobody writes"; done
for label in $(grep -oE 'labels\.[a-z_]+' "$rules" | cut -d. -f2 | sort -u); do
	grep -q "[{,]$label=\"" all.prom || fail "the alert rules name the label $label, which no metric has"
done
ok 'what the alert rules name is written'
