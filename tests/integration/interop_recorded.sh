#!/bin/bash
# The recorded exchanges between phones and other services: each request is sent to tvsd over TLS, and the answer is the
# recorded one, byte for byte.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl
vectors=$data/vectors/tvs
phone=$top_srcdir/tests/integration/phone.py

# recorded FILE DIRECTION: the message in hexadecimal
recorded()
{
	sed -n "s/^$2 //p" "$vectors/$1.hex"
}

# replay NAME: asks tvsd the recorded request
replay()
{
	expect 0 python3 "$phone" send 127.0.0.1 "$port" "$(recorded "$1" 'C>S')"
	cat out
}

matches()
{
	local name
	for name; do
		same "answer to $name" "$(recorded "$name" 'S>C')" "$(replay "$name")"
	done
}

# as the recording service had it
make_store
ts() { truststore --quiet --store "$store" "$@" >>truststore.log 2>&1; }
ts stores add both --role CCM+TFTP
ts stores add signers --role SAST TFTP
ts add CallManager-trust "$data/certs/ccm.der"
ts add tomcat-trust "$data/certs/tomcat.der" --ttl 3600
ts add both "$data/certs/ccm-ec.der"
ts add Phone-SAST-trust "$data/certs/sast.der"
legacy=$(free_port)
make_conf tvs.conf '[tvsd legacy]' "listen = 127.0.0.1:$legacy" 'min-tls = 1.0' 'ciphers = AES256-SHA'
start_tvsd tvs.conf

matches verify-ccm verify-tomcat verify-ccm-ec verify-sast verify-capf query-sast-semicolon query-unknown
ok "verifications, as recorded"

# a phone of the 7900 series: TLS 1.0 with AES256-SHA, on a port of its own
expect 0 python3 "$phone" send 127.0.0.1 "$legacy" "$(recorded verify-ccm 'C>S')" --tls 1.0 --ciphers AES256-SHA:@SECLEVEL=0
same "answer to an old phone" "$(recorded verify-ccm 'S>C')" "$(cat out)"
expect 2 python3 "$phone" send 127.0.0.1 "$port" "$(recorded verify-ccm 'C>S')" --tls 1.0 --ciphers AES256-SHA:@SECLEVEL=0
openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 >server.pem
expect 0 tvsc --server "127.0.0.1:$legacy" --ca server.pem --tls 1.0 --verbose verify "$data/certs/ccm.der"
out_has TLS1.0
out_has "roles    CCM,TFTP"
expect 2 tvsc --server "127.0.0.1:$port" --ca server.pem --tls 1.0 verify "$data/certs/ccm.der"
ok "old and new phones, each on its port"

# the other exchanges come from a service that gives these the roles SAST and TFTP
same "answer before ccm-issued is stored" "57010400000003ea000407000101" "$(replay query-ccm-issued-semicolon)"
ts remove CallManager-trust "$(openssl dgst -sha256 -r "$data/certs/ccm.der" | cut -d' ' -f1)"
ts add signers "$data/certs/ccm.der" "$data/certs/ccm-issued.der"
matches query-ccm-semicolon query-ccm-issued-semicolon
# the request with commas has no recorded answer; it is the other one's, for another session
same "answer to query-ccm-comma" "$(recorded query-ccm-semicolon 'S>C' | sed 's/^57010400000003e9/57010400000007ff/')" \
	"$(replay query-ccm-comma)"
ok "queries, as recorded"

# the published exchange: its certificate is not public, so one with the same names and serial number takes its place
same "answer before it is stored" "57010400000003e9000407000101" "$(replay query-213407-rebuilt)"
ca_new win --subj /CN=stormin-WIN2012-CA
cert_new pub --ca win --subj "/C=AU/ST=QLD/L=Brisbane/O=Stormin/OU=IST/CN=ucm11pub.stormin.local" \
	--serial 24000000179479B8F124AC3F3B000000000017 --key rsa:2048
ts add signers pub.pem
replay query-213407-rebuilt >got
der=$(openssl x509 -in pub.pem -outform DER | od -An -v -tx1 | tr -d ' \n')
len=$((${#der} / 2))
printf '57010400000003e9%04x070001%s02%04x%s0800020003090004%08x\n' $((4 + 3 + len + 5 + 7)) 00 "$len" "$der" 86400 >wanted
diff wanted got || fail "the published exchange is answered otherwise"
ok "the published exchange"

# all of them on one connection, sent before any answer is read
python3 - "$port" "$vectors" <<'PYTHON' || fail "pipelined requests"
import glob, os, sys
import phone
pairs = []
for path in sorted(glob.glob(os.path.join(sys.argv[2], "*.hex"))):
    lines = dict(line.split() for line in open(path))
    # verify-ccm was recorded with other roles than the store gives it now
    if "S>C" in lines and "verify-ccm.hex" not in path:
        pairs.append([bytes.fromhex(lines[way]) for way in ("C>S", "S>C")])
assert len(pairs) >= 8
with phone.connect("127.0.0.1", int(sys.argv[1])) as sock:
    everything = b"".join(request for request, _ in pairs)
    for at in range(0, len(everything), 1000):  # frames and writes do not meet
        sock.sendall(everything[at:at + 1000])
    for _, response in pairs:
        assert phone.read_frame(sock) == response
PYTHON
ok "pipelined"

stop "$tvsd_pid"
same "exit code of tvsd" 0 "$stopped"
