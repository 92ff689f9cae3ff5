"""Waiting for what a test wants to see, never for a fixed time."""
import os
import re
import signal
import socket
import time

LOOK_SECONDS = 0.01


def wait_until(what, seconds=10, why="what the test waits for"):
    """The first true value that what() gives; an OSError of it counts as not yet."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = what()
            if value:
                return value
        except OSError:
            pass
        assert time.monotonic() < end, f"not within {seconds} seconds: {why}"
        time.sleep(LOOK_SECONDS)


def connections(port):
    """How many connections to that port of 127.0.0.1 a process holds: neither still queued for accept nor closed."""
    listening, local, count = "0A", f"0100007F:{port:04X}", 0
    with open("/proc/net/tcp") as table:
        for line in table:
            fields = line.split()
            if fields[1] == local and fields[3] != listening and fields[9] != "0":
                count += 1
    return count


def refuses(port):
    """Whether nobody listens there, or nobody any more."""
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


def children(supervisor):
    """The process ids of a process's children, as text."""
    with open(f"/proc/{supervisor}/task/{supervisor}/children") as file:
        return file.read().split()


def has_ended(pid):
    """Whether or not its parent has asked for its exit code."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def fresh_metrics(supervisor, path):
    """The metrics that tvsd writes when it has taken over a new generation of workers."""
    def written():
        with open(path) as file:
            text = file.read()
        return int(re.search(r'^tvs_reloads_total{result="done"} (\d+)', text, re.M).group(1)), text
    before = written()[0] if os.path.exists(path) else 0
    os.kill(int(supervisor), signal.SIGHUP)
    return wait_until(lambda: (found := written())[0] > before and found[1], 20, "a reload in the metrics")
