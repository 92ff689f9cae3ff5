#!/bin/bash
# Names as they stand in the files that phones check: certificates with odd ones are found by query in both forms, with
# commas and with semicolons, by an independent phone and by tvsc.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl
phone=$top_srcdir/tests/integration/phone.py

make_store
truststore --quiet --store "$store" stores add signers --role SAST TFTP >truststore.log
for name in tomcat tomcat-hash odd-names tvs ccm-issued sast; do
	truststore --quiet --store "$store" add signers "$data/certs/$name.der" >>truststore.log
done
make_conf tvs.conf
start_tvsd tvs.conf
openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 >server.pem

# found NAME ISSUER SERIAL [SUBJECT]
found()
{
	local sha256
	sha256=$(openssl dgst -sha256 -r "$data/certs/$1.der" | cut -d' ' -f1)
	expect 0 python3 "$phone" query 127.0.0.1 "$port" "${@:2}"
	same "answer about $1" "trusted SAST,TFTP 86400 $sha256" "$(cat out)"
	expect 0 tvsc --server "127.0.0.1:$port" --ca server.pem --json query --issuer "$2" --serial "$3" ${4:+--subject "$4"}
	same "certificate of $1" "$sha256" "$(json 'd["sha256"]')"
}

missing()
{
	expect 1 python3 "$phone" query 127.0.0.1 "$port" "$@"
}

# each name as the files of the usecallmanagernz tools have it (recorded), then as the large vendor joins names

name='CN=phones\, main \+ \"desk\" \\ \<1\>\; a=b,O=Example\, Inc.,C=US'
found tomcat "$name" FEDCBA9876543210 "$name"
found tomcat 'CN=phones\, main \+ \"desk\" \\ \<1\>\; a=b;O=Example\, Inc.;C=US' FEDCBA9876543210
found tomcat 'C=US;O=Example, Inc.;CN=phones\, main \+ \"desk\" \\ \<1\>\; a=b' FEDCBA9876543210
found tomcat "$name" 00FEDCBA9876543210
missing "$name" FEDCBA9876543211
missing 'CN=phones\, main \+ \"desk\" \\ \<1\>\; a=b,O=Example\, Inc,C=US' FEDCBA9876543210

name='CN=\#hash and trailing space\ ,O=\ leading space,C=US'
found tomcat-hash "$name" 0100 "$name"
found tomcat-hash 'CN=\#hash and trailing space\ ;O=\ leading space;C=US' 0100
missing 'CN=\#hash and trailing space,O=\ leading space,C=US' 0100

name='2.5.4.5=PID:CP-8861 SN:FCH00000000,C=AU,CN=multi,OU=valued,1.2.840.113549.1.9.1=a@example.test'
found odd-names "$name" C0FFEE "$name"
found odd-names 'CN=multi;OU=valued;C=AU;serialNumber=PID:CP-8861 SN:FCH00000000;E=a@example.test' C0FFEE
found odd-names 'SERIALNUMBER=PID:CP-8861 SN:FCH00000000,C=AU,cn=multi+ou=valued,emailAddress=a@example.test' C0FFEE

name='CN=pub1.example.test,OU=Téléphonie,O=Société d’Essai,L=Zürich,C=CH'
found tvs "$name" 01 "$name"
found tvs "${name//,/;}" 01 "${name//,/;}"
missing 'CN=pub1.example.test,OU=Telephonie,O=Société d’Essai,L=Zürich,C=CH' 01

found ccm-issued 'C=US,O=Example,CN=Example Issuing CA' 21002D17000000000005 \
	'CN=sub1.example.test,OU=Voice,O=Example Telephony,L=Wellington,ST=Wellington Region,C=NZ'
found ccm-issued 'CN=Example Issuing CA;O=Example;C=US' 21002D17000000000005
missing 'CN=Example Issuing CA;O=Example;C=US' 21002D17000000000005 'CN=sub2.example.test'
ok "odd names in both forms"

# the serial with the high bit set travels with and without its sign byte
name='CN=ITLRECOVERY_pub1.example.test;OU=Voice;O=Example Telephony;L=Wellington;ST=Wellington Region;C=NZ'
found sast "$name" A1B2C3D4E5F60718293A4B5C6D7E8F90 "$name"
found sast "$name" 00A1B2C3D4E5F60718293A4B5C6D7E8F90
ok "serial numbers in both forms"

# what the service itself prints of a certificate can be asked with
for der in "$data"/certs/{tomcat,tomcat-hash,odd-names,tvs,ccm-issued,sast}.der; do
	expect 0 truststore --quiet --store "$store" --json show --file "$der"
	found "$(basename "$der" .der)" "$(json 'd["issuer"]')" "$(json 'd["serial"]')" "$(json 'd["subject"]')"
done
ok "names as truststore prints them"
