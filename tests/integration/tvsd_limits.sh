#!/bin/bash
# The limits hold for the daemon as a whole: what is over them is closed at once, and what was there goes on.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl

make_store
cert_new ccm
truststore --store "$store" --quiet add CallManager-trust ccm.pem
cat >crowd.py <<'PYTHON'
import socket, sys
import phone
from phone import is_closed
from events import connections, wait_until

port = int(sys.argv[1])
good = phone.verify_request(phone.der_of("ccm.pem"))
using = phone.context("1.2")


def plain(source="127.0.0.1", host="127.0.0.1"):
    return socket.create_connection((host, port), 5, (source, 0))


def talk(source="127.0.0.1"):
    return using.wrap_socket(plain(source))


def answered(sock):
    return phone.ask(sock, good).trusted
PYTHON

for workers in 1 4; do
	make_conf "tvs$workers.conf"
	sed -i "s/^workers = .*/workers = $workers/" "tvs$workers.conf"
	start_tvsd "tvs$workers.conf"
	python3 - "$port" <<-'PYTHON' || fail "see above"
	from crowd import *
	first = talk()
	assert answered(first)
	crowd = [plain() for _ in range(63)]
	wait_until(lambda: connections(port) == 64, why="64 connections are there")
	for _ in range(20):
	    assert is_closed(plain(), 5), "the 65th connection of an address is taken"
	assert not any(is_closed(sock, 0.001) for sock in crowd), "one of the first 64 was closed"
	assert answered(first), "an old connection does not go on"
	assert answered(talk("127.0.0.2")), "another address is refused"
	# one leaves, one comes
	crowd.pop().close()
	wait_until(lambda: answered(talk()))
	PYTHON
	log_has "connection refused address=127.0.0.1:"
	log_has "reason=address"
	stop "$tvsd_pid"
	ok "64 connections of an address with $workers workers"
	mv tvsd.log "tvsd$workers.log"
done

make_conf tvs.conf 'max-connections = 50' 'max-connections-per-address = 40'
start_tvsd tvs.conf
python3 - "$port" <<'PYTHON' || fail "see above"
from crowd import *
first = talk("127.0.0.9")
assert answered(first)
crowd = [plain(f"127.0.1.{i // 30 + 1}") for i in range(49)]
wait_until(lambda: connections(port) == 50, why="50 connections are there")
for i in range(200):
    assert is_closed(plain(f"127.0.2.{i % 100 + 1}"), 5), "a connection over max-connections is taken"
assert not any(is_closed(sock, 0.001) for sock in crowd)
assert answered(first)
for sock in crowd:
    sock.close()
wait_until(lambda: answered(talk()))
PYTHON
log_has "connections refused reason=connections more="
lines=$(grep -c 'refused' tvsd.log)
[ "$lines" -lt 20 ] || fail "the flood of refused connections makes $lines lines"
stop "$tvsd_pid"
ok "the limit of all connections, with few lines in the log"
mv tvsd.log tvsd-all.log

make_conf tvs.conf 'allow-from = 127.0.3.0/24, 127.0.0.5' '[tvsd six]'
six=$(free_port)
printf 'listen = [::1]:%s, 127.0.0.1:%s\nallow-from = ::1\n' "$six" "$six" >>tvs.conf
log=tvsd.log start tvsd --config tvs.conf
tvsd_pid=$pid
log_has "serving workers=2"
python3 - "$port" "$six" <<'PYTHON' || fail "see above"
from crowd import *
assert is_closed(plain(), 5)
assert is_closed(plain("127.0.0.6"), 5)
assert answered(talk("127.0.0.5"))
assert answered(talk("127.0.3.200"))
six = int(sys.argv[2])
assert is_closed(socket.create_connection(("127.0.0.1", six)), 5)
with phone.connect("::1", six) as sock:
    assert answered(sock)
PYTHON
log_has "reason=network"
! grep -q 'handshake' tvsd.log || fail "there was a handshake with a network that is not allowed"
stop "$tvsd_pid"
ok "allow-from of each listener, before the handshake"
mv tvsd.log tvsd-network.log

# fewer descriptors than connections
make_conf tvs.conf 'handshake-timeout = 60s'
sed -i 's/^workers = .*/workers = 1/' tvs.conf
(ulimit -n 50 && exec tvsd --config tvs.conf) 2>tvsd.log &
tvsd_pid=$!
test_pids+=("$tvsd_pid")
log_has "serving workers=1"
log_has "max-connections=20000 needs 20032 descriptors in each worker, but 50 are allowed"
python3 - "$port" <<'PYTHON' || fail "see above"
from crowd import *
first = talk()
assert answered(first)
crowd = [plain() for _ in range(60)]
wait_until(lambda: sum(is_closed(sock, 0.001) for sock in crowd) >= 10)
assert answered(first)
for sock in crowd:
    sock.close()
wait_until(lambda: answered(talk()))
PYTHON
log_has "reason=descriptors"
stop "$tvsd_pid"
ok "no descriptors left: closed at once, and it goes on"
