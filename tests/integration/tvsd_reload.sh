#!/bin/bash
# SIGHUP, a new own certificate, SIGTERM: all or nothing, and nobody who is being served is dropped.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl

make_store
cert_new ccm
cert_new own --key rsa:2048 --subj /CN=own
cert_new strange --key rsa:2048
truststore --store "$store" --quiet add CallManager-trust ccm.pem
make_conf tvs.conf
sed -i 's/^workers = .*/workers = 2/' tvs.conf
cp tvs.conf good.conf
start_tvsd tvs.conf
phone=$top_srcdir/tests/integration/phone.py

presented()
{
	openssl s_client -connect "127.0.0.1:${1:-$port}" </dev/null 2>/dev/null | openssl x509 -outform DER 2>/dev/null |
		openssl dgst -sha256 -r | cut -d' ' -f1
}

workers()
{
	cat "/proc/$tvsd_pid/task/$tvsd_pid/children"
}

lines()
{
	grep -cF -e "$1" tvsd.log || true
}

more_lines()
{
	[ "$(lines "$1")" -gt "$2" ]
}

# hangup TEXT: SIGHUP, and the next line with this
hangup()
{
	local before
	before=$(lines "$1")
	kill -HUP "$tvsd_pid"
	wait_for 10 more_lines "$1" "$before" || fail "the log lacks another \"$1\""
}

# --- what is wrong changes nothing

first=$(presented)
pids=$(workers)
# refused LINE TEXT: with this line in the configuration
refused()
{
	cp good.conf tvs.conf
	printf '%s\n' "$1" >>tvs.conf
	hangup "$2"
	same "workers after \"$1\"" "$pids" "$(workers)"
	expect 0 python3 "$phone" verify 127.0.0.1 "$port" ccm.pem
}
refused 'nonsense = 1' 'new configuration not taken over, nothing changes: tvs.conf:6: [tvsd] nonsense'
refused 'min-tls = 1.4' 'nothing changes: tvs.conf:6: [tvsd] min-tls'
refused 'listen' 'nothing changes: tvs.conf:6'
refused 'ciphers = NONSENSE' 'tvs.conf:6: [tvsd] ciphers: You have entered an invalid Cipher String.'
refused 'allow-from = 10.0.0.1/8' 'nothing changes: tvs.conf:6: [tvsd] allow-from'
refused $'[tvsd two]\nlisten = 192.0.2.77:2445' 'nothing changes: cannot listen on 192.0.2.77:2445'
refused $'certificate = own.pem\nkey = strange.key' '[tvsd] certificate own.pem, key strange.key: '
refused $'certificate = own.pem\nkey = missing.key' 'missing.key'
sed -i 's/^path = .*/path = nowhere/' good.conf
refused '' 'nothing changes: nowhere'
sed -i "s|^path = .*|path = $store|" good.conf
[ "$(grep -c 'nothing changes' tvsd.log)" = 9 ] || fail "not one line for each"
same 'certificate' "$first" "$(presented)"
ok "a configuration that is wrong changes nothing, and one line says why"

# --- what is good is taken over, the old workers finish

second=$(free_port)
cp good.conf tvs.conf
printf '[tvsd legacy]\nlisten = 127.0.0.1:%s\nmin-tls = 1.0\nciphers = AES256-SHA\n' "$second" >>tvs.conf
cat >served.py <<'PYTHON'
import sys, phone
port = int(sys.argv[1])
der = phone.der_of("ccm.pem")
good = phone.verify_request(der)
idle, half = (phone.connect("127.0.0.1", port, 20) for _ in "ab")
assert phone.ask(idle, good).trusted
half.sendall(good[:100])
print("begun", flush=True)
sys.stdin.readline()
assert phone.ask(idle, good).trusted
half.sendall(good[100:])
assert phone.Response(phone.read_frame(half)).trusted
assert phone.ask(half, good).trusted
print("served", flush=True)
PYTHON
coproc served { python3 served.py "$port"; }
exec {from}<&"${served[0]}" {to}>&"${served[1]}" # the shell forgets its own when the process ends
read -r word <&"$from"
hangup "new configuration taken over"
log_has "listening address=127.0.0.1:$second listener=legacy"
echo >&"$to"
read -r word <&"$from" || fail "a connection from before the reload was dropped"
same 'connections from before' served "$word"
wait "$served_PID" 2>/dev/null || true
gone()
{
	for one in $pids; do not alive_child "$one" || return 1; done
}
wait_for 5 gone || fail "the old workers stay without connections"
expect 0 python3 "$phone" verify 127.0.0.1 "$port" ccm.pem
expect 0 python3 "$phone" verify 127.0.0.1 "$second" ccm.pem --tls 1.0
expect 2 python3 "$phone" verify 127.0.0.1 "$port" ccm.pem --tls 1.0
ok "a further listener with rules of its own"
cp good.conf tvs.conf
hangup "new configuration taken over"
wait_for 5 not port_open "$second" || fail "a listener that is not configured any more is open"
for _ in 1 2 3 4 5; do kill -HUP "$tvsd_pid"; done
wait_for 10 more_lines "new configuration taken over" 2 || fail "SIGHUP after SIGHUP"
expect 0 python3 "$phone" verify 127.0.0.1 "$port" ccm.pem
ok "reloads in a row"

# --- a new own certificate, without a signal

printf 'certificate = %s/own.pem\nkey = %s/own.key\n' "$tmp" "$tmp" >>tvs.conf
hangup "new configuration taken over"
same 'certificate from a file' "$(sha256_of own.pem)" "$(presented)"
cp good.conf tvs.conf
hangup "new configuration taken over"
same 'certificate of the store' "$first" "$(presented)"
echo 'nonsense = 1' >>tvs.conf
coproc served { python3 served.py "$port"; }
exec {from}<&"${served[0]}" {to}>&"${served[1]}" # the shell forgets its own when the process ends
read -r word <&"$from"
truststore --store "$store" --quiet identity new TVS --yes --cn next.example.test >>truststore.log 2>&1
log_has "new certificate taken over"
[ "$(presented)" != "$first" ] || fail "the old certificate is still presented"
echo >&"$to"
read -r word <&"$from" || fail "a connection from before the new certificate was dropped"
same 'connections from before' served "$word"
wait "$served_PID" 2>/dev/null || true
cp good.conf tvs.conf
ok "a new own certificate in the store is taken up, with the configuration as it was read"

# --- the end

cat >end.py <<'PYTHON'
import os, signal, socket, sys, time, phone
from events import has_ended, refuses, wait_until
port, supervisor = int(sys.argv[1]), int(sys.argv[2])
good = phone.verify_request(phone.der_of("ccm.pem"))
idle, half, stuck = (phone.connect("127.0.0.1", port, 10) for _ in "abc")
silent = socket.create_connection(("127.0.0.1", port))
assert phone.ask(idle, good).trusted
for sock in (half, stuck):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
half.sendall(good[:100])
stuck.sendall(good[:50])
assert phone.ask(idle, good).trusted # and the halves have arrived
begin = time.monotonic()
os.kill(supervisor, signal.SIGTERM)
assert idle.recv(1) == b"", "no farewell"
assert silent.recv(1) == b""
half.sendall(good[100:])
assert phone.Response(phone.read_frame(half)).trusted, "what was begun is not finished"
assert half.recv(1) == b""
assert refuses(port), "still accepts"
wait_until(lambda: has_ended(supervisor), 20, "tvsd ends")
took = time.monotonic() - begin
assert took < 5.5, f"{took} seconds"
PYTHON
expect 0 python3 end.py "$port" "$tvsd_pid"
wait "$tvsd_pid" || fail "exit code $?"
log_has "stopped"
ok "SIGTERM: no new connections, what was begun is finished, the end within 5 seconds"
start_tvsd tvs.conf
cat >hung.py <<'PYTHON'
import os, signal, sys
from events import children, refuses, wait_until
port, supervisor = int(sys.argv[1]), int(sys.argv[2])
hung = int(children(supervisor)[0])
os.kill(hung, signal.SIGSTOP)
os.kill(supervisor, signal.SIGTERM)
wait_until(lambda: refuses(port), 4, "connections are refused")
assert str(hung) in children(supervisor), "the worker that hangs left by itself"
os.kill(hung, signal.SIGCONT)
PYTHON
expect 0 python3 hung.py "$port" "$tvsd_pid"
wait "$tvsd_pid" || fail "exit code $?"
ok "a worker that hangs does not keep phones from their next server"
start_tvsd tvs.conf
begin=${EPOCHREALTIME/./}
stop "$tvsd_pid" INT
same 'exit code' 0 "$stopped"
[ $((${EPOCHREALTIME/./} - begin)) -lt 2000000 ] || fail "an idle service needs more than 2 seconds to stop"
ok "SIGINT"

# --- another store in the place of the one that is served

start_tvsd tvs.conf
expect 0 python3 "$phone" verify 127.0.0.1 "$port" ccm.pem
mv "$store" aside
wait_for 20 grep -qF 'replaced store not taken over, nothing changes' tvsd.log || fail "a store that is gone is not noticed"
expect 0 python3 "$phone" verify 127.0.0.1 "$port" ccm.pem
cp -a aside copy
truststore --store copy --quiet remove CallManager-trust "$(sha256_of ccm.pem)"
mv copy "$store"
wait_for 20 grep -qF 'replaced store taken over' tvsd.log || fail "another store is not noticed"
expect 1 python3 "$phone" verify 127.0.0.1 "$port" ccm.pem
stop "$tvsd_pid"
same 'exit code' 0 "$stopped"
ok "a store that was moved is served on; the one in its place is taken over"
