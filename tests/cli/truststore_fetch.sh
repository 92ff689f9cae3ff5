#!/bin/bash
# truststore fetch: takes what a server presents, and adds it only after a yes or with its fingerprint.
TEST_LIMIT=300
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3
T() { truststore --store "$tmp/store" "$@"; }
T init >/dev/null
serve() # NAME [OPTION...]: openssl as the gateway; $port, $pid
{
	port=$(free_port)
	log=$1.log start openssl s_server -accept "127.0.0.1:$port" -cert "$1.pem" -key "$1.key" -www "${@:2}"
	wait_for 10 tls_answers 127.0.0.1 "$port" || broken "openssl s_server does not answer"
}
in_store() { T list "$1" --json | python3 -c 'import json, sys; print(" ".join(sorted(c["sha256"] for c in json.load(sys.stdin))))'; }
cert_new old --subj '/CN=srst-gateway/serialNumber=FTX1234' --key rsa:2048 --from 20250101000000Z --until 20491231235959Z
cert_new new --subj '/CN=srst-gateway/serialNumber=FTX1234' --key rsa:2048 --from 20260101000000Z --until 20491231235959Z
cert_new expired --from 20200101000000Z --until 20210101000000Z
printf -v evil 'bad\033[31m\nname'
cert_new evil --subj "/CN=$evil"

for bad in gw:x gw: gw:1023 gw:49152 gw:2445x gw:-1 gw:0 gw:443 gw:99999999999999999999 '[::1]:80' 'gw: 2445'; do
	expect 2 T fetch "$bad"
	same "the message of the reference" 'truststore: Port Numbers can only contain digits.' "$(cat err)"
done
expect 2 T fetch gw:443 --to SRST-Trust
err_has 'Port Numbers can only contain digits.'
expect 2 T fetch gw:70000 --to tomcat-trust
err_has '65535'
expect 2 T fetch 127.0.0.1:1 --to tomcat-trust # a port outside that range is one for others: nobody listens there
err_has '127.0.0.1:1'
expect 2 T fetch 127.0.0.1 --to nowhere
err_has 'nowhere'
expect 2 T fetch a:b:c
err_has 'brackets'
ok "ports and stores that are none"

serve old
hash=$(sha256_of old.pem)
expect 2 T fetch "127.0.0.1:$port"
err_has '--fingerprint'
out_has 'CN=srst-gateway'
out_has "$hash"
out_has "$(openssl x509 -in old.pem -noout -fingerprint -sha1 | sed 's/.*=//;s/://g' | tr A-F a-f)"
out_has '2025-01-01T00:00:00Z'
out_has '2049-12-31T23:59:59Z'
expect 2 T fetch "127.0.0.1:$port" --yes
same "nothing was added" '' "$(in_store srst-trust || true)"
wrong=$(echo "$hash" | tr 0-9a-f 1-9a-f0)
expect 2 T fetch "127.0.0.1:$port" --fingerprint "$wrong"
err_has "$hash"
err_has "$wrong"
expect 2 T fetch "127.0.0.1:$port" --fingerprint "${hash:0:60}"
err_has '64 hexadecimal digits'
same "nothing was added" '' "$(in_store srst-trust || true)"
ok "shown and not added: without a terminal, with --yes, with another fingerprint or a part of it"

expect 0 T fetch "127.0.0.1:$port" --fingerprint "$(openssl x509 -in old.pem -noout -fingerprint -sha256 | cut -d= -f2)" --label 'Branch 7'
out_has 'switch the credentials service on the gateway 127.0.0.1 off'
same "added" "$hash" "$(in_store srst-trust)"
same "label" 'Branch 7' "$(T list srst-trust --json >out; json 'd[0]["label"]')"
revision() { T history --json | tail -n 400 | grep -c '"revision"'; }
before=$(revision)
expect 0 T fetch "127.0.0.1:$port"
out_has 'is in srst-trust already'
out_lacks 'switch the'
expect 0 T fetch "127.0.0.1:$port" --json
same "unchanged" 'unchanged true' "$(json 'd["outcome"]') $(json 'd["self_signed"]')"
same "revision" "$before" "$(revision)"
# which certificate is shown is openssl's word
openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 -outform PEM >seen.pem
same "as openssl sees it" "$hash" "$(sha256_of seen.pem)"
stop "$pid"
ok "added with its fingerprint; a second time changes nothing and asks nothing"

serve new
expect 2 T fetch "127.0.0.1:$port"
err_has "${hash:0:16}"
expect 2 T fetch "127.0.0.1:$port" --fingerprint "$hash"
same "no update without consent" "$hash" "$(in_store srst-trust)"
# a yes on a terminal, and a no
cat >answer.py <<'PYTHON'
import os, pty, sys
pid, fd = pty.fork()
if not pid:
    os.execvp(sys.argv[2], sys.argv[2:])
seen, sent = b"", False
while True:
    try: block = os.read(fd, 4096)
    except OSError: break
    if not block: break
    seen += block
    if b"[y/N]" in seen and not sent:
        os.write(fd, sys.argv[1].encode() + b"\n")
        sent = True
sys.stdout.buffer.write(seen)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PYTHON
expect 2 python3 answer.py n truststore --store "$tmp/store" fetch "127.0.0.1:$port"
same "no" "$hash" "$(in_store srst-trust)"
expect 0 python3 answer.py y truststore --store "$tmp/store" fetch "127.0.0.1:$port"
out_has "has the same subject"
same "yes" "$(sha256_of new.pem)" "$(in_store srst-trust)"
stop "$pid"
serve old
expect 2 T fetch "127.0.0.1:$port" --fingerprint "$hash"
err_one_line # older than the one that is there
same "not back" "$(sha256_of new.pem)" "$(in_store srst-trust)"
expect 0 T fetch "127.0.0.1:$port" --to tomcat-trust --fingerprint "$hash" --json
same "another store" "$hash" "$(in_store tomcat-trust)"
same "json" '["127.0.0.1:'"$port"'", "tomcat-trust", "added", null]' "$(json '[d[k] for k in ("server", "store", "outcome", "replaced")]')"
expect 0 T verify
stop "$pid"
ok "an update only with consent, by the same-subject rule"

serve expired
expect 2 T fetch "127.0.0.1:$port" --fingerprint "$(sha256_of expired.pem)"
err_has 'expired'
stop "$pid"
serve evil
expect 2 T fetch "127.0.0.1:$port"
same "no control characters" 0 "$(tr -d '\n' <out | tr -cd '\000-\037' | wc -c)"
same "lines" 10 "$(wc -l <out)"
stop "$pid"
serve new -Verify 1 # wants a certificate of ours: what it presents came before
expect 0 T fetch "127.0.0.1:$port"
stop "$pid"
port=$(free_port)
log=mute.log start python3 -c 'import socket, sys, time; s = socket.create_server(("127.0.0.1", int(sys.argv[1]))); c = [s.accept() for i in range(9)]' "$port"
wait_for 10 port_open "$port"
expect 2 T fetch "127.0.0.1:$port" --timeout 1s
err_has 'in time'
ok "expired, hostile, demanding and silent servers"

# the modes: what they forbid is refused when it is met
mode() { printf '[store]\npath = %s/store\n[security]\n%s = yes\n' "$tmp" "$1" >mode.conf; truststore --config mode.conf "${@:2}"; }
refused() # MODE WHAT: as it is, and by its fingerprint
{
	before=$(in_store srst-trust)
	expect 2 mode "$1" fetch "127.0.0.1:$port"
	err_has "$2"
	err_one_line
	expect 2 mode "$1" fetch "127.0.0.1:$port" --fingerprint "$hash"
	err_has "$2"
	same "nothing was added" "$before" "$(in_store srst-trust)"
}
ca_new ca --key rsa:2048
cert_new short --key rsa:1024 --ext 'extendedKeyUsage=serverAuth'
openssl req -new -key new.key -subj /CN=sha1 -out sha1.csr 2>>openssl.log
openssl x509 -req -in sha1.csr -CA ca.pem -CAkey ca.key -sha1 -days 30 -out sha1.pem 2>>openssl.log
cp new.key sha1.key
cert_new both --key rsa:2048 --ext 'extendedKeyUsage=serverAuth,clientAuth'
cert_new client --key rsa:2048 --ext 'extendedKeyUsage=clientAuth'
fetched() { expect 0 mode "$1" fetch "127.0.0.1:$port" --fingerprint "$(sha256_of "$2.pem")" --again; T remove srst-trust "$(sha256_of "$2.pem")" >/dev/null; }
serve_as() { hash=$(sha256_of "$1.pem"); serve "$1" -cipher ALL:@SECLEVEL=0 "${@:2}"; }

serve_as short
refused fips '2048 bits'
fetched common-criteria short
stop "$pid"
serve_as sha1
refused fips "its signature's hash"
stop "$pid"
serve_as client
refused common-criteria serverAuth
fetched fips client
stop "$pid"
serve_as new
refused common-criteria serverAuth
stop "$pid"
serve_as both
fetched fips both
fetched common-criteria both
stop "$pid"
serve_as both -tls1
refused fips 'TLS1.2 and newer'
refused common-criteria 'TLS1.1 and newer'
expect 0 T fetch "127.0.0.1:$port" --fingerprint "$hash" --again
T remove srst-trust "$hash" >/dev/null
stop "$pid"
serve_as both -tls1_1
refused fips 'TLS1.2 and newer'
fetched common-criteria both
stop "$pid"
serve_as both -tls1_2 -cipher ECDHE-RSA-CHACHA20-POLY1305
refused fips 'approved algorithms'
fetched common-criteria both
stop "$pid"
expect 0 T verify
ok "fips and common-criteria: keys, hashes, purposes and versions that they forbid are not fetched"
