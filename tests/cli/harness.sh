#!/bin/bash
# The helper of the shell tests itself: what it promises about failing, skipping and cleaning up.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3

# inner CODE: runs a small test of its own from standard input
inner()
{
	local code=0
	{ echo ". '$top_srcdir/tests/lib.sh'"; cat; } >inner.sh
	TEST_LIMIT=${limit:-20} bash inner.sh >out 2>err || code=$?
	same "exit code of the inner test" "$1" "$code"
}

inner 1 <<< 'pwd; false; echo reached'
out_lacks reached
err_has false
[ ! -e "$(head -n 1 out)" ] || fail "the private directory stays behind"
ok "an unexpected failure ends the test and nothing stays behind"

inner 1 <<< 'echo line-of-a-log >some.log; fail "it is so"'
err_has "it is so"
err_has line-of-a-log
ok "a failed test shows its logs"

inner 77 <<< 'need no-such-program-here'
inner 99 <<< 'broken setup'
inner 1 <<< 'expect 0 false'
inner 0 <<< 'expect 1 false'
inner 1 <<< 'echo found >"$tmp/sanitizer.123"; exit 0'
err_has found
limit=1 inner 124 <<< 'sleep infinity'
ok "exit codes"

inner 0 <<< 'start sleep infinity; echo $pid; start sleep infinity; stop $pid TERM; [ "$stopped" = 143 ]'
[ ! -e "/proc/$(head -n 1 out)" ] || fail "a process stays behind"
ok "what was started is stopped"

ca_new root --subj "/C=NZ/O=Example/CN=Root"
ca_new sub --ca root
cert_new leaf --ca sub --subj "/CN=leaf" --key rsa:2048 --ext "subjectAltName=DNS:leaf.example.test" --serial 0100
cat sub.pem >chain.pem
openssl verify -CAfile root.pem -untrusted chain.pem leaf.pem >out || broken "chain does not verify"
same serial 0100 "$(serial_of leaf.pem)"
cert_new old --ca root --from 20200101000000Z --until 20210101000000Z --subj "/O=x/CN=Zoë"
cert_new gone --from 20200101000000Z --until 20210101000000Z
! openssl x509 -in old.pem -checkend 0 -noout >out || broken "old.pem is not expired"
! openssl x509 -in gone.pem -checkend 0 -noout >out || broken "gone.pem is not expired"
openssl verify -no_check_time -CAfile root.pem old.pem >out || broken "old.pem is not signed by root"
openssl x509 -in old.pem -noout -subject -nameopt utf8,sep_comma_plus >out
out_has "CN=Zoë"
ok "certificates"

port=$(free_port)
not port_open "$port"
log=server.log start openssl s_server -accept "127.0.0.1:$port" -cert leaf.pem -key leaf.key -www
wait_for 10 tls_answers 127.0.0.1 "$port"
ok "a server is waited for"
