#!/bin/bash
# The whole way of a CA's certificate: request, openssl ca with root and intermediate, install, served by tvsd, accepted by tvsc.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
make_store
make_conf conf
T() { truststore --store "$store" "$@"; }
cert_new app --ext 'keyUsage=digitalSignature'
T add tomcat-trust app.pem --quiet
start_tvsd conf
served() { openssl s_client -connect "127.0.0.1:$port" -showcerts </dev/null 2>/dev/null; }
first=$(T identity export TVS | openssl x509 -noout -serial)
same "what tvsd presents" "$first" "$(served | openssl x509 -noout -serial)"

# the CA
for name in root inter; do
	mkdir $name
	: >$name/index.txt
	echo 01 >$name/serial
	printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s/index.txt\nserial=%s/serial\nnew_certs_dir=%s\ndefault_md=sha256\ndefault_days=100\npolicy=p\ncopy_extensions=copy\n[p]\ncommonName=supplied\n[sub]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n[leaf]\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' $name $name $name >$name-ca.cnf
done
ca_new root --key rsa:2048 --subj '/CN=Example Root'
openssl req -new -newkey rsa:2048 -nodes -keyout inter.key -subj '/CN=Example Issuing CA' -out inter.csr 2>>openssl.log
openssl ca -batch -notext -config root-ca.cnf -cert root.pem -keyfile root.key -extensions sub -in inter.csr -out inter.pem 2>>openssl.log || broken "openssl ca"

expect 0 T identity csr TVS --cn tvs.example.test --san tvs.example.test 127.0.0.1 --out tvs.csr
openssl ca -batch -notext -config inter-ca.cnf -cert inter.pem -keyfile inter.key -extensions leaf -in tvs.csr -out tvs.pem 2>>openssl.log || broken "openssl ca"
same "tvsd goes on with the old one" "$first" "$(served | openssl x509 -noout -serial)"
expect 2 T identity install TVS tvs.pem inter.pem
err_has 'CA is not in TVS-trust'
T add TVS-trust root.pem --quiet
expect 0 T identity install TVS tvs.pem inter.pem
out_has 'nothing to restart'
for usage in 'Digital Signature, Key Encipherment, Data Encipherment' 'TLS Web Server Authentication, TLS Web Client Authentication' 'DNS:tvs.example.test, IP Address:127.0.0.1'; do
	openssl x509 -in tvs.pem -noout -text | grep -qF "$usage" || fail "the CA's certificate lacks $usage"
done

presents() { [ "$(served | openssl x509 -noout -serial)" = "$(openssl x509 -in tvs.pem -noout -serial)" ]; }
wait_for 20 presents || fail "tvsd does not take the new certificate up"
same "with the CA between" 2 "$(served | grep -c 'BEGIN CERTIFICATE')"
served >/dev/null
openssl s_client -connect "127.0.0.1:$port" -CAfile root.pem -verify_return_error -verify_ip 127.0.0.1 </dev/null >out 2>&1 ||
	fail "openssl s_client does not accept the chain"
expect 0 tvsc --server "127.0.0.1:$port" --ca root.pem verify app.pem
expect 0 tvsc --server "127.0.0.1:$port" --ca tvs.pem verify app.pem
expect 2 tvsc --server "127.0.0.1:$port" --ca app.pem verify app.pem
T identity export TVS --out now.pem
expect 0 tvsc --server "127.0.0.1:$port" --pin "$(sha256_of now.pem)" verify now.pem
out_has TVS
ok "request, CA, installation, tvsd, tvsc"

# renewed by itself again: phones that know the one before are told that it is trusted still
expect 0 T identity regenerate TVS --yes
signed_itself() { [ "$(served | grep -c 'BEGIN CERTIFICATE')" = 1 ]; }
wait_for 20 signed_itself || fail "tvsd does not take the renewed certificate up"
expect 0 tvsc --server "127.0.0.1:$port" --insecure verify tvs.pem
stop "$tvsd_pid"
same "exit code" 0 "$stopped"
ok "renewed while tvsd runs; the old certificate is trusted for the waiting time"
