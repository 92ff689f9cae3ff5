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

export PYTHONPATH=$top_srcdir/tests/integration PYTHONDONTWRITEBYTECODE=1
python3 - "$port" "${systemd:-0}" <<'PYTHON' || fail "see above"
import os, select, signal, socket, ssl, subprocess, sys, time
import phone

port, systemd = int(sys.argv[1]), sys.argv[2] == "1"
good = phone.verify_request(phone.der_of("ccm.pem"))
using = phone.context("1.2")
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind("notify")
environment = dict(os.environ, NOTIFY_SOCKET=os.path.abspath("notify"), WATCHDOG_USEC="3000000")
tvsd = subprocess.Popen(["tvsd", "--config", "tvs.conf"], stderr=open("tvsd.log", "wb"), env=environment)


def messages(seconds):
    """What the service manager was told within this time."""
    end, found = time.monotonic() + seconds, []
    while select.select([notify], [], [], max(0, end - time.monotonic()))[0]:
        found.append(notify.recv(4096).decode())
    return found


def wait_message(text, seconds=20):
    """The next message with this text; what comes before it is dropped."""
    end = time.monotonic() + seconds
    while systemd:
        assert select.select([notify], [], [], max(0, end - time.monotonic()))[0], f"no {text}"
        if text in notify.recv(4096).decode():
            return


def workers():
    with open(f"/proc/{tvsd.pid}/task/{tvsd.pid}/children") as file:
        return file.read().split()


def poll(what, seconds=10):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


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
    crowd = []
    while len(crowd) < 60:
        try:
            crowd.append(connect())
        except OSError:
            time.sleep(0.01)
    assert all(map(lives, crowd))
    return crowd


try:
    wait_message("READY=1")
    if not systemd:
        poll(lambda: "serving" in open("tvsd.log").read())
    assert lives(connect()), "ready, but does not answer"
    wait_message("WATCHDOG=1", 5)

    # one dies
    crowd = open_crowd()
    victim = max(workers(), key=sockets)
    before = sum(sockets(pid) for pid in workers())
    os.kill(int(victim), signal.SIGKILL)
    poll(lambda: len(workers()) == 3 and victim not in workers())
    survivors = list(map(lives, crowd))
    print(f"{sum(survivors)} of 60 connections are those of other workers")
    assert sum(survivors) < 60, "nothing was killed"
    for sock in crowd:
        sock.close()
    # what the dead one counted does not count any more
    poll(lambda: all(map(lives, open_crowd())))

    # they die again and again
    for _ in range(4):
        victim = workers()[0]
        os.kill(int(victim), signal.SIGKILL)
        poll(lambda: len(workers()) == 3 and victim not in workers(), 15)
        poll(lambda: lives(connect()))

    # one hangs
    messages(0)
    hung = workers()[1]
    os.kill(int(hung), signal.SIGSTOP)
    begin = time.monotonic()
    for _ in range(20):
        assert lives(connect())
    assert time.monotonic() - begin < 3, "others wait for the one that hangs"
    if systemd:
        messages(4)
        late = messages(3)
        assert not any("WATCHDOG" in message for message in late), "the watchdog is fed while a worker hangs"
    poll(lambda: hung not in workers() and len(workers()) == 3, 20)
    wait_message("WATCHDOG=1", 5)

    # the supervisor dies: nobody stays behind
    left = workers()
    tvsd.kill()
    tvsd.wait()
    poll(lambda: not any(os.path.exists(f"/proc/{pid}/exe") and sockets(pid) for pid in left))

    # stopping
    tvsd = subprocess.Popen(["tvsd", "--config", "tvs.conf"], stderr=open("tvsd.log", "ab"), env=environment)
    wait_message("READY=1")
    poll(lambda: "serving" in open("tvsd.log").read())
    poll(lambda: lives(connect()))
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
