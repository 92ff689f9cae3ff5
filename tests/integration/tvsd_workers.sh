#!/bin/bash
# Workers that die or hang are replaced, other workers' connections live on, and the service manager is told the truth.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl

make_store
cert_new ccm
truststore --store "$store" --quiet add CallManager-trust ccm.pem
make_conf tvs.conf 'max-connections-per-address = 60'
sed -i 's/^workers = .*/workers = 3/' tvs.conf
systemd=$(sed -n 's/^#define HAVE_SYSTEMD //p' "$top_builddir/config.h")

python3 - "$port" "${systemd:-0}" <<'PYTHON' || fail "see above"
import os, select, signal, socket, ssl, subprocess, sys, time
import phone
from events import children, connections, has_ended, wait_until

port, systemd = int(sys.argv[1]), sys.argv[2] == "1"
good = phone.verify_request(phone.der_of("ccm.pem"))
using = phone.context("1.2")
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind("notify")
environment = dict(os.environ, NOTIFY_SOCKET=os.path.abspath("notify"), WATCHDOG_USEC="3000000")
tvsd = subprocess.Popen(["tvsd", "--config", "tvs.conf"], stderr=open("tvsd.log", "wb"), env=environment)


def next_message(seconds):
    """What the service manager is told next, "" for nothing within this time."""
    return notify.recv(4096).decode() if select.select([notify], [], [], seconds)[0] else ""


def wait_message(text, seconds=20):
    """The next message with this text; what comes before it is dropped."""
    end = time.monotonic() + seconds
    while systemd:
        assert select.select([notify], [], [], max(0, end - time.monotonic()))[0], f"no {text}"
        if text in notify.recv(4096).decode():
            return


def workers():
    return children(tvsd.pid)


def connect():
    return phone.connect("127.0.0.1", port, using=using, timeout=5)


def lives(sock):
    try:
        return phone.ask(sock, good).trusted
    except (OSError, phone.Malformed):
        return False


def sockets(pid):
    try:
        return sum(os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket") for fd in os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def open_crowd():
    crowd = [wait_until(connect) for _ in range(60)]
    assert all(map(lives, crowd))
    return crowd


try:
    wait_message("READY=1")
    if not systemd:
        wait_until(lambda: "serving" in open("tvsd.log").read())
    assert lives(connect()), "ready, but does not answer"
    wait_message("WATCHDOG=1", 5)

    # one dies
    wait_until(lambda: connections(port) == 0, why="the first connection ends")
    without = {pid: sockets(pid) for pid in workers()}
    crowd = open_crowd()
    victim = max(workers(), key=sockets)
    of_victim = sockets(victim) - without[victim]
    assert 0 < of_victim < 60, "one worker has all connections"
    os.kill(int(victim), signal.SIGKILL)
    wait_until(lambda: len(workers()) == 3 and victim not in workers())
    survivors = sum(map(lives, crowd))
    assert survivors == 60 - of_victim, f"{survivors} of 60 connections live, {of_victim} were those of the killed worker"
    print(f"{survivors} of 60 connections were those of other workers, and live on")
    for sock in crowd:
        sock.close()
    # what the dead one counted does not count any more
    wait_until(lambda: all(map(lives, open_crowd())))

    # they die again and again
    for _ in range(4):
        victim = workers()[0]
        os.kill(int(victim), signal.SIGKILL)
        wait_until(lambda: len(workers()) == 3 and victim not in workers(), 15)
        wait_until(lambda: lives(connect()))

    # one hangs
    hung = workers()[1]
    os.kill(int(hung), signal.SIGSTOP)
    begin = time.monotonic()
    for _ in range(20):
        assert lives(connect())
    assert time.monotonic() - begin < 3, "others wait for the one that hangs"
    fed = begin
    while not has_ended(hung):
        if "WATCHDOG=1" in next_message(0.1):
            fed = time.monotonic()
        assert time.monotonic() < begin + 20, "a worker that hangs is not killed"
    assert time.monotonic() - fed > 4, "the watchdog is fed while a worker hangs"
    wait_until(lambda: hung not in workers() and len(workers()) == 3)
    wait_message("WATCHDOG=1", 5)

    # the supervisor dies: nobody stays behind
    left = workers()
    tvsd.kill()
    tvsd.wait()
    wait_until(lambda: all(map(has_ended, left)))

    # stopping
    tvsd = subprocess.Popen(["tvsd", "--config", "tvs.conf"], stderr=open("tvsd.log", "ab"), env=environment)
    wait_message("READY=1")
    wait_until(lambda: "serving" in open("tvsd.log").read())
    wait_until(lambda: lives(connect()))
    tvsd.send_signal(signal.SIGHUP)
    wait_message("RELOADING=1")
    wait_message("READY=1")
    tvsd.terminate()
    wait_message("STOPPING=1")
    assert tvsd.wait(6) == 0
finally:
    tvsd.kill()
PYTHON
log_has "worker ended pid="
log_has "signal=9"
log_has "worker hangs and is killed"
ok "dead and hung workers are replaced, the others go on"
