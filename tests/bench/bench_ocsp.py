"""O1 O2: revocation checks against a local responder, compared with "openssl ocsp" in a loop; a large list."""
import json
import os
import subprocess
import sys
import time

from tools import CLIENT_CPU, SERVER_CPU, SOURCE, Missing, Server, free_port, main, note, pinned, program, row, run, tool, wait_until

MANY, LOOP, ENTRIES = 10000, 1000, 250000
CA_CONF = """[ca]
database = ca.txt
crlnumber = number
default_md = sha256
default_crl_days = 7
[req]
distinguished_name = dn
x509_extensions = ext
[dn]
[ext]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
"""


def write(path, text, mode="w"):
    with open(path, mode, encoding="ascii") as file:
        file.write(text)


def measured(*words):
    """Runs a command on the client's core: its seconds, its processor seconds, its largest resident size in MB.
    What it prints goes to the file "out"."""
    begin = time.monotonic()
    with open("out", "wb") as out:
        with subprocess.Popen(pinned(CLIENT_CPU, *words), stdout=out, stderr=subprocess.DEVNULL) as child:
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise Missing(f"{' '.join(words)[:200]}: exit {child.returncode}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def authority():
    write("ca.cnf", CA_CONF)
    write("number", "01\n")
    write("ca.txt", "")
    run("openssl", "req", "-x509", "-config", "ca.cnf", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
        "-subj", "/O=Example/CN=ca", "-days", "30")


def responder(port):
    """Is not waited for by a connection that says nothing: openssl ocsp never recovers from one."""
    server = Server("openssl", "ocsp", "-port", str(port), "-index", "ca.txt", "-CA", "ca.pem", "-rsigner", "ca.pem",
                    "-rkey", "ca.key", "-ndays", "2", port=port, log="responder.log", wait=False)
    wait_until(lambda: b"ACCEPT" in open("responder.log", "rb").read(), 30, "openssl ocsp does not start")
    return server


def checking(ocspcheck):
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    with open("many.pem", "wb") as out:
        subprocess.run([sys.executable, f"{SOURCE}/tests/integration/ocsp_many.py", "ca", str(MANY), url],
                       stdout=out, stderr=subprocess.DEVNULL, check=True)
    truststore = program("truststore/truststore")
    run(truststore, "--store", "store", "init")
    run(truststore, "--store", "store", "--quiet", "add", "tomcat-trust", "ca.pem", "many.pem")
    server = responder(port)
    try:
        before = server.cpu_s()
        wall, ours, size = measured(ocspcheck, "--store", "store", "--json", "run", "--all")
        busy = server.cpu_s() - before
        with open("out", encoding="utf-8") as out:
            if json.load(out)["good"] != MANY:
                raise Missing("not every certificate was found good")
        note("O1", f"{MANY:,} certificates in all", f"{wall:.1f} s, {size:.0f} MB; the checker's share of a processor "
             f"{100 * ours / wall:.0f} %, the responder's {100 * busy / wall:.0f} %")
        serials = [line.split("\t")[3] for line in open("ca.txt", encoding="ascii")][:LOOP]
        write("loop.sh", "for n; do openssl ocsp -issuer ca.pem -serial 0x$n -CAfile ca.pem "
              f"-url {url} || exit 1; done\n")
        _, theirs, _ = measured("sh", "loop.sh", *serials)
        row("O1", "processor time for one certificate (yardstick: openssl ocsp in a loop)",
            ours / MANY * 1e6, theirs / LOOP * 1e6, "us", 0.5)
    finally:
        server.stop()


def large_list(ocspcheck):
    port = free_port()
    os.mkdir("www")
    write("ca.txt", "".join(f"R\t491231235959Z\t260101000000Z,superseded\t{(0x60 << 144) + n:038X}\tunknown\t/CN=x\n"
                            for n in range(ENTRIES)))
    run("openssl", "ca", "-batch", "-gencrl", "-config", "ca.cnf", "-name", "ca", "-cert", "ca.pem", "-keyfile", "ca.key",
        "-out", "ca.crl")
    run("openssl", "crl", "-in", "ca.crl", "-outform", "DER", "-out", "www/ca.crl")
    write("leaf.cnf", f"[req]\ndistinguished_name = dn\n[dn]\n[ext]\ncrlDistributionPoints = URI:http://127.0.0.1:{port}/ca.crl\n")
    run("openssl", "req", "-x509", "-config", "leaf.cnf", "-extensions", "ext", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-keyout", "leaf.key", "-CA", "ca.pem", "-CAkey", "ca.key", "-subj", "/CN=leaf",
        "-days", "30", "-out", "leaf.pem")
    server = Server(sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", "www", str(port),
                    port=port, log="/dev/null")
    try:
        _, seconds, size = measured(ocspcheck, "cert", "leaf.pem", "--issuer", "ca.pem")
        _, their_seconds, their_size = measured(tool("openssl"), "crl", "-inform", "DER", "-in", "www/ca.crl",
                                                "-CAfile", "ca.pem", "-noout")
        row("O2", f"memory with a list of {ENTRIES:,} entries (yardstick: openssl crl)", size, their_size, "MB", 1)
        row("O2", "processor time: fetch, verify, look up (yardstick: openssl crl verifies)", seconds,
            their_seconds, "s", 1)
    finally:
        server.stop()


def part(directory):
    os.chdir(directory)
    ocspcheck = os.path.abspath(program("ocsp/ocspcheck"))
    authority()
    checking(ocspcheck)
    large_list(ocspcheck)


if __name__ == "__main__":
    main(part)
