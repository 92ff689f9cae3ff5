"""L1 I1 S1: large stores, against plain LMDB, plain parsing and small stores."""
import os
import struct
import time

from servers import keys, question_us, tvsd
from tools import SERVER_CPU, load, main, measure, medians, note, pinned, program, row, run, tool, value, values

MANY, FEW, BULK, SAMPLE = 1000000, 1000, 100000, 20000


def seconds_of(*words):
    return measure(*words)[0]


def some_of(requests, count):
    """The first requests of a file (see load.c), as a file of their own."""
    with open(requests, "rb") as file, open(f"{requests}-{count}", "wb") as out:
        for _ in range(count):
            head = file.read(8)
            out.write(head + file.read(struct.unpack(">II", head)[0]))
    return out.name


def make(directory, name, count):
    folder = f"{directory}/{name}"
    os.mkdir(folder)
    run(program("tests/bench/mkcerts"), str(count), str(BULK), folder, str(min(count, SAMPLE)), "1")
    store = f"{folder}/store"
    run(program("truststore/truststore"), "--store", store, "init")
    files = sorted(f"{folder}/{file}" for file in os.listdir(folder) if file.startswith("certs-"))
    run(program("truststore/truststore"), "--store", store, "--quiet", "add", "tomcat-trust", *files)
    return store, some_of(f"{folder}/requests", FEW), files


def importing(directory, files):
    turn = iter(range(1000))

    def ours():
        store = f"{directory}/import-{next(turn)}"
        run(program("truststore/truststore"), "--store", store, "init")
        return seconds_of(program("truststore/truststore"), "--store", store, "--quiet", "add", "tomcat-trust", files[0])

    def theirs():
        return seconds_of(program("tests/bench/parse"), files[0])
    row("I1", "adding 100,000 certificates", *medians(3, ours, theirs), "s", 1.5)


def looking(directory, store):
    os.mkdir(f"{directory}/plain")
    text = run(*pinned(SERVER_CPU, program("tests/bench/lookup"), store, f"{directory}/plain", "1000000", "5"))
    ours, plain = sorted(values(text, "store"))[2], sorted(values(text, "plain"))[2]
    row("L1", "look-up among 1,000,000 certificates", ours, plain, "ns", 1.2)


def asking(directory, many, few):
    """Both servers are asked as many different questions, so that nothing but the size of the store differs: the
    client's own requests for more of them would push the server's data out of the cache that they share."""
    big, small = tvsd(directory, "rsa", many[0]), tvsd(directory, "rsa", few[0])
    try:
        yardstick = question_us(small, 50, few[1])
        row("L1", "one verification among 1,000,000 (yardstick: among 1,000)",
            *medians(21, question_us(big, 50, many[1]), yardstick), "us", 1.15)
        more, less = medians(9, question_us(big, 50, f"{directory}/many/requests"), yardstick)
        note("L1", f"the same, {SAMPLE:,} different ones asked of 1,000,000", f"{more:.4g} us, {more / less:.2f} of the yardstick")
    finally:
        big.stop()
        small.stop()


def starting(directory, many, few):
    def first_answer(store, requests):
        def once():
            begin = time.monotonic()
            server = tvsd(directory, "rsa", store, wait=False)
            at = value(load("first", server.port, requests), "at")
            server.stop()
            return (at - begin) * 1e3
        return once
    row("S1", "start to first answer with 1,000,000 (yardstick: 1,000)",
        *medians(7, first_answer(*many[:2]), first_answer(*few[:2])), "ms", 1.2)


def operating(directory, stores):
    """What an administrator does, at each size: processor time and peak memory. Adding one must not grow with the store."""
    truststore = program("truststore/truststore")
    adding = {}
    for count, (store, _, files) in stores.items():
        with open(files[0], encoding="ascii") as file:
            some = run(tool("openssl"), "x509", "-noout", "-fingerprint", "-sha256", stdin=file)
        digest = some.split("=")[1].strip().replace(":", "").lower()
        commands = {"list": ["list", "--json"], "show": ["show", digest],
                    "export": ["export", "--in", "tomcat-trust", "--out", f"{directory}/export.pem", "--overwrite"]}
        for name, words in commands.items():
            seconds, peak = measure(truststore, "--store", store, *words)
            note("T1", f"truststore {name}, {count:,} certificates", f"{seconds:.3g} s, {peak / 2**20:.0f} MiB")
        samples = []
        for turn in range(5):
            run(tool("openssl"), "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days",
                "30", "-subj", f"/CN=one more {turn}", "-keyout", "/dev/null", "-out", f"{directory}/one.pem")
            samples.append(seconds_of(truststore, "--store", store, "--quiet", "add", "tomcat-trust", f"{directory}/one.pem"))
        adding[count] = sorted(samples)[2]
    row("T2", f"adding one certificate at {MANY:,} (yardstick: at {FEW:,})", adding[MANY] * 1e3, adding[FEW] * 1e3, "ms", 2.0)


def part(directory):
    keys(directory)
    few, some, many = make(directory, "few", FEW), make(directory, "some", BULK), make(directory, "many", MANY)
    importing(directory, many[2])
    looking(directory, many[0])
    asking(directory, many, few)
    starting(directory, many, few)
    operating(directory, {FEW: few, BULK: some, MANY: many})


main(part)
