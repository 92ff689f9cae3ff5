"""What the benchmark's parts share: processes pinned to a core, their processor time, rows."""
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SERVER_CPU, CLIENT_CPU = 0, max(os.sched_getaffinity(0))
BUILD = os.environ.get("top_builddir", ".")
SOURCE = os.environ.get("top_srcdir", ".")


class Missing(Exception):
    """A yardstick that is not there is an error, not a gap."""


def program(name):
    """Path of a built program."""
    path = os.path.join(BUILD, name)
    if not os.access(path, os.X_OK):
        raise Missing(f"{name} is not built")
    return path


def tool(name):
    """Path of a foreign program that a yardstick needs."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Missing(f"{name} is not installed")
    return path


def run(*words, **options):
    """Runs a command to its end; its output as text. A failure ends the benchmark."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode:
        raise Missing(f"{' '.join(words)[:200]}: exit {done.returncode}: {done.stderr.strip()[-400:]}")
    return done.stdout


def measure(*words):
    """Runs a command on the server's core: its processor time in seconds and its peak memory in bytes."""
    child = subprocess.Popen(pinned(SERVER_CPU, *words), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise Missing(f"{' '.join(words)[:200]}: exit {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def pinned(cpu, *words):
    return [tool("taskset"), "-c", str(cpu), *words]


def values(text, key):
    return [float(line.split()[1]) for line in text.splitlines() if line.startswith(key + " ")]


def value(text, key):
    return values(text, key)[0]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def children(pid):
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                for child in file.read().split():
                    found += children(int(child))
    except FileNotFoundError:
        pass
    return found


def wait_until(what, seconds, otherwise):
    """Until what() is true; Missing with the sentence `otherwise` when it is not in time."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise Missing(otherwise)
        time.sleep(0.02)


class Server:
    """A server process on the server's core, with all its children."""

    def __init__(self, *words, port, log, wait=True):
        self.port = port
        self.log = open(log, "ab")
        self.process = subprocess.Popen(pinned(SERVER_CPU, *words), stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        if wait:
            self.wait()

    def wait(self):
        wait_until(self.listens, 60, f"nothing listens on port {self.port}")

    def listens(self):
        if self.process.poll() is not None:
            raise Missing(f"{self.process.args[3]} ended: see {self.log.name}")
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def cpu_s(self):
        """Processor time of all threads of all its processes, in seconds."""
        total = 0
        for pid in children(self.process.pid):
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                        total += int(file.read().split()[0])
            except FileNotFoundError:
                continue
        return total / 1e9

    def resident_bytes(self):
        """Private and shared memory, each shared page counted once (PSS)."""
        total = 0
        for pid in children(self.process.pid):
            with open(f"/proc/{pid}/smaps_rollup") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        return total * 1024

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


class Load:
    """A run of the load generator that waits for our word (ask, idle, silent)."""

    def __init__(self, *words, **options):
        self.process = subprocess.Popen(pinned(CLIENT_CPU, program("tests/bench/load"), *map(str, words)),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
        if self.process.stdout.readline().strip() != "ready":
            raise Missing(f"load {words}: not ready")

    def go(self):
        """Lets it run; returns when it has printed its figures."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.process.stdout.readline() + self.process.stdout.readline()

    def end(self):
        self.process.stdin.close()
        self.process.stdout.read()
        if self.process.wait(60):
            raise Missing("load failed")


def load(*words, env=None):
    return run(*pinned(CLIENT_CPU, program("tests/bench/load"), *map(str, words)),
               env={**os.environ, **(env or {})})


def medians(rounds, *functions):
    """Calls the functions in turn, several rounds; the median of each."""
    samples = [[] for _ in functions]
    for _ in range(rounds):
        for sample, function in zip(samples, functions):
            sample.append(function())
    return [statistics.median(sample) for sample in samples]


def row(ident, figure, ours, yardstick, unit, bound, ratio=None, least=False):
    """Prints one row of the table for bench.py to gather."""
    ratio = ours / yardstick if ratio is None else ratio
    good = ratio >= bound if least else ratio <= bound
    sign = ">=" if least else "<="
    print("\t".join(["row", ident, figure, f"{ours:.4g} {unit}", f"{yardstick:.4g} {unit}", f"{ratio:.2f}",
                     f"{sign} {bound:.2f}", "yes" if good else "NO"]), flush=True)


def note(ident, figure, text):
    """A row without a yardstick of its own: a time or a size that is said, not compared."""
    print("\t".join(["row", ident, figure, text, "", "", "", ""]), flush=True)


def scratch():
    return tempfile.mkdtemp(prefix="tvs-bench-")


def main(part):
    """Runs one part with a scratch directory of its own."""
    directory = scratch()
    try:
        part(directory)
    except Missing as missing:
        print(f"bench: {missing}", file=sys.stderr)
        sys.exit(2)
    finally:
        if not os.environ.get("KEEP"):
            shutil.rmtree(directory, ignore_errors=True)
