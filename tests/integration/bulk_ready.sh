#!/bin/bash
# Would a phone of the old cluster accept the new one? Asked over the wire; and what two stores or archives have apart.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3

make_store
make_conf tvs.conf
start_tvsd tvs.conf
list=$data/vectors/itl-sha512-v1.0.tlv
python3 - "$list" <<'PYTHON'
import sys
data = open(sys.argv[1], "rb").read()
at = int.from_bytes(data[8:10], "big")
number = 0
while at < len(data):
    end, at, role, der = at + int.from_bytes(data[at + 3:at + 5], "big"), at + 5, None, None
    while at < end:
        tag, size = data[at], int.from_bytes(data[at + 1:at + 3], "big")
        value = data[at + 3:at + 3 + size]
        role = int.from_bytes(value, "big") if tag == 4 else role
        der = value if tag == 9 else der
        at += 3 + size
    number += 1
    open(f"role{role}-{number}.der", "wb").write(der)
PYTHON
ready()
{
	truststore --json bulk ready --server "127.0.0.1:$port" --insecure "$@"
}
# said: what the conditions are
said()
{
	json '" ".join(f"{k}={v}" for k, v in d.items())'
}

expect 1 ready --trust-list "$list"
same 'nothing known' 'reachable=True signed=True signer=False tftp=False ready=False' "$(said)"
truststore --store "$store" --quiet add --again Phone-SAST-trust "$(ls role0-*.der | head -n 1)"
expect 1 ready --trust-list "$list"
same 'the signer known' 'reachable=True signed=True signer=True tftp=False ready=False' "$(said)"
expect 1 truststore bulk ready --server "127.0.0.1:$port" --insecure --trust-list "$list"
out_has 'NO: the TVS knows the TFTP server'
for file in role[23]-*.der; do truststore --store "$store" --quiet add CallManager-trust "$file"; done
expect 0 ready --trust-list "$list"
same 'all known' 'reachable=True signed=True signer=True tftp=True ready=True' "$(said)"
expect 0 ready --trust-list "$data/vectors/itl-sha1-v1.0.tlv"
ok "signer and TFTP server"

for file in role[23]-*.der; do openssl x509 -inform DER -in "$file"; done >certs.pem
expect 1 ready --certificate certs.pem
same 'no signer among them' 'reachable=True signer=False tftp=True ready=False' "$(said)"
openssl x509 -inform DER -in "$(ls role0-*.der | head -n 1)" >>certs.pem
expect 0 ready --certificate certs.pem
ok "certificates"

python3 -c 'import sys; d = bytearray(open(sys.argv[1], "rb").read()); d[-1] ^= 1; open("changed.tlv", "wb").write(d)' "$list"
expect 1 ready --trust-list changed.tlv
same 'changed' false "$(json 'd["signed"]')"
for size in 0 9 10 100 543 544 545 2000 7000; do
	head -c $size "$list" >cut.tlv
	[ $size = 544 ] || expect 2 ready --trust-list cut.tlv
done
expect 2 truststore bulk ready --trust-list "$list" --insecure
err_has '--server'
expect 2 truststore bulk ready --trust-list "$list" --server 127.0.0.1
err_has '--pin'
stop "$tvsd_pid"
expect 1 ready --trust-list "$list"
same 'nobody there' 'reachable=False signed=True signer=None tftp=None ready=False' "$(said)"
ok "changed, cut, nobody there"

# --- diff
truststore --store two --quiet init
expect 0 truststore bulk diff two two
expect 1 truststore --json bulk diff "$store" two
same 'only in the first' '["a"]' "$(json 'sorted({x["in"] for x in d})')"
cert_new app
truststore --store "$store" --quiet add CallManager-trust app.pem
truststore --store two --quiet add CallManager-trust app.pem --role TFTP
expect 1 truststore bulk diff two "$store"
out_has "! $(sha256_of app.pem | cut -c1-16) CN=app in CallManager-trust: TFTP against CCM,TFTP"
openssl pkcs12 -export -nokeys -in app.pem -out app.p12 -passout pass:
expect 0 truststore bulk diff two app.p12
expect 1 truststore bulk diff app.p12 "$store"
expect 2 truststore bulk diff app.p12 nowhere
ok "differences"
