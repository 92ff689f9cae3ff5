#!/bin/bash
# Writers of the store are killed at random moments: what they reported is in the next answer, what they were doing is there
# wholly or not at all, and phones are answered all the while. 100 of them; with TEST_FULL=1 500.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl

make_store
for name in always {0..9}; do cert_new "$name"; done
truststore --store "$store" --quiet add CallManager-trust always.pem
make_conf tvs.conf 'max-requests = 0'
start_tvsd tvs.conf --quiet
python3 - "$port" "$top_builddir/tests/integration/churn" "$store" "${TEST_FULL:+500}" <<'PYTHON' || fail "see above"
import os, random, subprocess, sys, time
import phone

port, churn, store, rounds = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4] or 100)
always, *changing = (phone.verify_request(phone.der_of(f"{name}.pem")) for name in ("always", *range(10)))


def ask_all_the_time():
    """Another phone, which ends when it is not answered rightly and at once."""
    with phone.connect("127.0.0.1", port) as sock:
        slowest = 0
        while slowest < 2:
            begin = time.monotonic()
            assert phone.ask(sock, always).trusted
            slowest = max(slowest, time.monotonic() - begin)


def kill_a_writer(word):
    """Tells a writer to add or to remove all ten, and kills it; how many it reported as done."""
    writer = subprocess.Popen([churn, store], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    writer.stdin.write("".join(f"{word} {i}.pem\n" for i in range(len(changing))).encode())
    writer.stdin.flush()
    reported = random.randrange(len(changing))
    for _ in range(reported):
        assert writer.stdout.readline() == b"done\n"
    for _ in range(random.randrange(30000)):  # into the middle of a change, wherever that is
        pass
    writer.kill()
    reported += writer.stdout.read().count(b"done\n")
    writer.wait()
    return reported


other = os.fork()
if other == 0:
    try:
        ask_all_the_time()
    finally:
        os._exit(1)
# None where a writer was killed: readers may see its last change only when the next writer has found it
trusted, doubtful = [False] * len(changing), 0
with phone.connect("127.0.0.1", port) as sock:
    for n in range(rounds):
        adds = n % 2 == 0
        reported = kill_a_writer("add" if adds else "remove")
        trusted[:reported] = [adds] * reported
        if reported < len(changing) and trusted[reported] != adds:
            trusted[reported] = None
            doubtful += 1
        answers = [phone.ask(sock, request).trusted for request in changing]
        assert all(b in (a, None) for a, b in zip(answers, trusted)), f"round {n}: {answers} instead of {trusted}"
assert os.waitpid(other, os.WNOHANG) == (0, 0), "a phone was not answered all the while"
os.kill(other, 9)
print(f"{rounds} writers killed, {doubtful} of them within a change")
PYTHON
! grep -q 'worker ended' tvsd.log || fail "a worker died"
expect 0 truststore --store "$store" --quiet verify
ok "phones are answered while writers are killed"
