#!/bin/bash
# certmon's mail against real servers: what arrives, parsed by another program, and every way in which it can fail.
TEST_LIMIT=180
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3
need_python aiosmtpd

store=$tmp/store
ca_new ca
cert_new mail --ca ca --ext 'subjectAltName=IP:127.0.0.1,DNS:mail.example.test'
cert_new other --ext 'subjectAltName=DNS:elsewhere.example.test'
echo 'open sesame' >password
chmod 600 password

truststore --store "$store" --quiet init
cert_new plain --days 20 --subj '/C=NZ/O=Example Telephony/CN=www.example.test' --ext 'subjectAltName=DNS:www.example.test,DNS:phones.example.test,IP:192.0.2.33'
cert_new odd --days 10 --subj '/CN=Zürich – Société d’Essai' --key rsa:2048
cert_new evil --days 12 --subj $'/CN=x\r\nBcc: victim@example.test\r\n\r\n<script>alert(1)<\\/script>' --key rsa:2048
cert_new far --days 300
truststore --store "$store" --quiet add tomcat-trust plain.pem --owner web@example.test
truststore --store "$store" --quiet add CallManager-trust odd.pem evil.pem far.pem
cert_new old --from 20200101000000Z --until "$(date -u -d '+15 days' +%Y%m%d%H%M%SZ)" --subj /CN=renewed.example.test --key rsa:2048 \
	--serial 51
cert_new renewed --days 400 --subj /CN=renewed.example.test --key rsa:2048
truststore --store "$store" --quiet add tomcat-trust old.pem
truststore --store "$store" --quiet add tomcat-trust renewed.pem --keep-old 100d

# mail_server NAME [OPTION...]: starts one; $server is its port, its messages are in the directory NAME
mail_server()
{
	local name=$1
	mkdir "$name"
	shift
	log=$name.log start python3 -B "$top_srcdir/tests/integration/smtpd.py" "$name" "$@"
	server_pid=$pid
	wait_for 20 test -s "$name/port" || broken "no mail server"
	server=$(<"$name/port")
}

# conf FILE [LINE...]: a configuration that sends to $server
conf()
{
	local file=$1
	shift
	{
		printf '[store]\npath = %s\n[certmon]\nemail = yes\nto = admin@example.test; second@example.test\n' "$store"
		printf 'from = certmon@example.test\nsyslog = no\nca-file = %s/ca.pem\n' "$tmp"
		printf '%s\n' "$@"
	} >"$file"
}

# number of messages that a server took
taken()
{
	local files=("$1"/0*.json)
	echo ${#files[@]}
}

export TVS_CLOCK=+60s # so that days are whole

# --- a server that lets the client wait for longer than it should: begun now, looked at in the end

cp -r "$store" slow-store
mail_server slow --mode slow
conf slow.conf "smtp = smtp://127.0.0.1:$server" 'starttls = off'
log=slow-run.log start certmon --config slow.conf --store "$tmp/slow-store" run
slow_pid=$pid

# --- what arrives

mail_server good --starttls --cert mail.pem --key mail.key --user monitor --password 'open sesame'
conf good.conf "smtp = smtp://127.0.0.1:$server" 'starttls = required' 'user = monitor' 'password-file = '"$tmp/password"
cp -r "$store" keep
expect 0 certmon --config good.conf run --dry-run
same 'mails of a dry run' '--- to admin@example.test --- to second@example.test --- to web@example.test' "$(grep -e '^--- to ' out | tr '\n' ' ' | sed 's/ $//')"
expect 0 certmon --config good.conf run --dry-run --json
python3 - <<'PYTHON' || fail 'the JSON of a dry run is not as it should be'
import email, json
mails = json.load(open("out", encoding="utf-8"))
assert [mail["to"] for mail in mails] == ["admin@example.test", "second@example.test", "web@example.test"], mails
assert all(email.message_from_string(mail["message"])["To"] == f"<{mail['to']}>" for mail in mails)
PYTHON
same 'messages after dry runs' 0 "$(taken good)"
expect 0 certmon --config good.conf run
out_has '3 announced, 3 messages delivered, 0 waiting'
same 'messages' 3 "$(taken good)"
same 'passwords' 'with TLS' "$(sort -u good/passwords)"
python3 -B "$top_srcdir/tests/integration/check_mail.py" good plain.pem odd.pem evil.pem far.pem old.pem renewed.pem || fail 'the mails are not as they should be'
ok 'three recipients get their digests, over STARTTLS with a password; headers, names and markup are safe'

expect 0 certmon --config good.conf run
expect 0 certmon --config good.conf run --dry-run
out_has 'nothing is due'
expect 0 certmon --config good.conf report --json
same 'messages after a second run' 3 "$(taken good)"
same 'replies' 3 "$(json 'sum("taken as number" in m["reply"] and m["state"] == "delivered" for m in d["messages"])')"
ok 'a second run repeats nothing; the replies are kept'

expect 0 certmon --config good.conf test-mail
out_has 'admin@example.test: 250 2.0.0 taken'
expect 0 certmon --config good.conf --json test-mail
same 'test-mail as JSON' '["admin@example.test", "second@example.test"]' "$(json '[m["to"] for m in d if "taken as number" in m["reply"]]')"
ok 'test-mail'

# --- what cannot be delivered waits

# refused NAME WORDS LINE...: this server fails, the message waits, the next run to a good server delivers it once
refused()
{
	local name=$1 words=$2
	shift 2
	rm -rf "$store"
	cp -r keep "$store"
	conf bad.conf "$@"
	expect 2 certmon --config bad.conf run
	err_one_line
	err_has '3 messages could not be delivered and wait for the next run'
	err_has "$words"
	mkdir -p "$name"
	ids "$name" >ids.before
	mail_server "$name-good"
	conf after.conf "smtp = smtp://127.0.0.1:$server" 'starttls = off'
	expect 0 certmon --config after.conf run
	same "messages after $name" 3 "$(taken "$name-good")"
	ids "$name-good" >ids.after
	expect 0 certmon --config after.conf run
	same "messages after one more run" 3 "$(taken "$name-good")"
	ok "$name: reported, kept, delivered with the next run, once"
}

ids()
{
	sed -n 's/.*Message-ID: <\([^>]*\)>.*/\1/p' "$1"/0*.json 2>/dev/null | sort
}

mail_server temporary --mode 451
refused temporary 'come again later' "smtp = smtp://127.0.0.1:$server" 'starttls = off'
mail_server permanent --mode 550
refused permanent 'nobody here by that name' "smtp = smtp://127.0.0.1:$server" 'starttls = off'
mail_server full --mode 452-data
refused full 'no room at the moment' "smtp = smtp://127.0.0.1:$server" 'starttls = off'
mail_server broken --mode drop
refused broken 'response reading failed' "smtp = smtp://127.0.0.1:$server" 'starttls = off'
diff ids.before ids.after || fail 'the message that was sent again has another Message-ID'
ok 'after a connection that broke behind the message, the Message-ID is the same'
refused nobody '127.0.0.1' "smtp = smtp://127.0.0.1:$(free_port)" 'starttls = off'

mail_server plain-text
refused no-starttls 'STARTTLS' "smtp = smtp://127.0.0.1:$server" 'starttls = required'
same 'messages without TLS' 0 "$(taken plain-text)"
ok 'no STARTTLS offered where it is required: nothing is sent'
mail_server in-clear --user monitor --password 'open sesame'
for starttls in try required; do
	refused "password-in-clear-$starttls" 'STARTTLS' "smtp = smtp://127.0.0.1:$server" "starttls = $starttls" 'user = monitor' \
		"password-file = $tmp/password"
done
[ ! -e in-clear/passwords ] || fail 'a password was sent without TLS'
same 'messages to a server that wants the password in clear' 0 "$(taken in-clear)"
ok 'a password is never sent without TLS, also to a server that asks for it'
mail_server wrong-cert --starttls --cert other.pem --key other.key
refused wrong-cert 'certificate' "smtp = smtp://127.0.0.1:$server" 'starttls = required'
same 'messages to a server with a wrong certificate' 0 "$(taken wrong-cert)"
ok 'a server whose certificate does not verify gets nothing'

mail_server smtps --cert mail.pem --key mail.key
rm -rf "$store"
cp -r keep "$store"
conf smtps.conf "smtp = smtps://127.0.0.1:$server"
expect 0 certmon --config smtps.conf run
same 'messages over smtps' 3 "$(taken smtps)"
ok 'smtps'

# --- two runs at once

for round in 1 2 3 4 5; do
	rm -rf "$store"
	cp -r keep "$store"
	mail_server "both$round"
	conf both.conf "smtp = smtp://127.0.0.1:$server"
	certmon --config both.conf run >one.log 2>&1 &
	one=$!
	certmon --config both.conf run >other.log 2>&1 &
	wait "$one" || fail 'one of two runs failed'
	wait $! || fail 'one of two runs failed'
	same "messages of two runs at once" 3 "$(taken "both$round")"
done
ok 'two runs at once send each message once'

# --- a run that is killed before anything was delivered

cp -r keep killed-store
waiting() { certmon --store killed-store --json report >waiting.json && [ "$(json 'len(d["messages"])' waiting.json)" = 3 ]; }
log=killed.log start certmon --config slow.conf --store "$tmp/killed-store" run
wait_for 20 waiting || fail 'the messages are not stored before they are sent'
stop "$pid" KILL
mail_server killed
conf after.conf "smtp = smtp://127.0.0.1:$server"
for again in 1 2; do
	expect 0 certmon --config after.conf --store killed-store run
	same 'messages after a run that was killed' 3 "$(taken killed)"
done
ok 'a run that is killed loses nothing'

# --- a sendmail-compatible command, another command, JSON

rm -rf "$store"
cp -r keep "$store"
printf '#!/bin/sh\ncat >"%s/sent.$1.eml"\n' "$tmp" >sendmail
printf '#!/bin/sh\ncat >"%s/notice.json"\n' "$tmp" >notify
chmod 755 sendmail notify
conf sendmail.conf "sendmail = $tmp/sendmail" "command = $tmp/notify"
expect 0 certmon --config sendmail.conf run
for to in admin second web; do
	grep -q "^To: <$to@example.test>$" "sent.$to@example.test.eml" || fail "nothing for $to"
	! grep -q $'\r' "sent.$to@example.test.eml" || fail 'a command gets lines that end in CR LF'
done
same 'findings as JSON' 3 "$(json 'len(d["due"])' notice.json)"
ok 'sendmail and a command get theirs'

# --- what became of the slow one

code=0
wait "$slow_pid" || code=$?
same 'exit code with a slow server' 2 "$code"
grep -q '3 messages could not be delivered and wait for the next run: .*: not tried any more: .*timed out' slow-run.log ||
	fail 'the slow server is not named'
expect 0 certmon --store slow-store --json report
same 'attempts' '[[1, "waiting"], [1, "waiting"], [1, "waiting"]]' "$(json '[[m["attempts"], m["state"]] for m in d["messages"]]')"
same 'messages of the slow server' 0 "$(taken slow)"
mail_server slow-good
conf after.conf "smtp = smtp://127.0.0.1:$server"
expect 0 certmon --config after.conf --store slow-store run
same 'messages after the slow server' 3 "$(taken slow-good)"
ok 'a server that does not greet in time is left, once for all recipients, and the messages wait'

# --- settings that make no sense

conf bad.conf
expect 2 certmon --config bad.conf run
err_has 'neither smtp nor sendmail'
conf bad.conf "smtp = smtp://127.0.0.1:25" 'starttls = off' 'user = monitor' "password-file = $tmp/password"
expect 2 certmon --config bad.conf run
err_has 'never sent without TLS'
conf bad.conf "smtp = smtp://127.0.0.1:25" 'user = monitor'
expect 2 certmon --config bad.conf run
err_has 'bad.conf:'
err_has 'belong together'
conf bad.conf "smtp = smtp://127.0.0.1:25" 'lsc = yes'
expect 2 certmon --config bad.conf run
err_has 'lsc-directory'
sed 's/^from = .*/from = -X@example.test/' after.conf >bad.conf
expect 2 certmon --config bad.conf run
err_has 'as its sender'
sed -i 's/^to = .*/to = admin@example.test\\nBcc: x/' good.conf
expect 2 certmon --config good.conf run
err_has 'is not an e-mail address'
ok 'settings that make no sense are refused'
