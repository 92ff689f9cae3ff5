"""B1: archives of 100,000 certificates, against openssl pkcs12 and plain parsing of the same set."""
import glob
import os

from tools import SERVER_CPU, main, note, pinned, program, row, run, tool

MANY = 100000


def seconds_of(*words):
    """Processor time of a command, user and system; and the most memory that a child ever took, in MB."""
    before = os.times()
    run(*pinned(SERVER_CPU, *words))
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def memory_of(*words):
    text = run("/usr/bin/env", "python3", "-c",
               "import resource, subprocess, sys\n"
               "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
               "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)", *words)
    return float(text)


def cluster(directory, name):
    conf = f"{directory}/{name}.conf"
    with open(conf, "w") as file:
        file.write(f"[store]\npath = {directory}/{name}\n[bulk]\ncluster = {name}\ndirectory = {directory}/place\n")
    bulk = [program("truststore/truststore"), "--config", conf, "--quiet"]
    run(*bulk, "init")
    run(*bulk, "identity", "new", "ITLRecovery", "--cn", name)
    return bulk


def part(directory):
    os.mkdir(f"{directory}/place")
    os.mkdir(f"{directory}/certs")
    run(program("tests/bench/mkcerts"), str(MANY), str(MANY), f"{directory}/certs", "1", "1")
    certs = glob.glob(f"{directory}/certs/certs-*")[0]
    west, east = cluster(directory, "west"), cluster(directory, "east")
    run(*west, "add", "tomcat-trust", certs)
    pem = run(*west, "identity", "export", "ITLRecovery")
    signer = run(tool("openssl"), "x509", "-noout", "-fingerprint", "-sha256", input=pem).strip().split("=")[1].replace(":", "")
    parsing = seconds_of(program("tests/bench/parse"), certs)
    ours = seconds_of(*west, "bulk", "export", "--type", "tomcat")
    archive = glob.glob(f"{directory}/place/west-*.p12")[0]
    reading = seconds_of(tool("openssl"), "pkcs12", "-in", archive, "-nokeys", "-passin", "pass:", "-out", f"{directory}/read.pem")
    row("B1", "export of 100,000 certificates (yardstick: openssl pkcs12 reads the archive)", ours, reading, "s", 1.0)
    merged = seconds_of(*east, "bulk", "consolidate", "--signer", signer)
    row("B1", "consolidation (yardstick: openssl twice, for it reads and writes)", merged, 2 * reading, "s", 1.0)
    taken = seconds_of(*east, "bulk", "import", "--type", "tomcat")
    row("B1", "import (yardstick: openssl reads it, and plain parsing)", taken, reading + parsing, "s", 1.0)
    note("B1", "memory of an export, at most", f"{memory_of(*west, 'bulk', 'export', '--type', 'tomcat'):.0f} MB")
    note("B1", "memory of an import, at most", f"{memory_of(*east, 'bulk', 'import', '--type', 'tomcat'):.0f} MB")


main(part)
