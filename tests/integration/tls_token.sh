#!/bin/bash
# The private key on a PKCS#11 token: it signs, does not serve RSA key exchange; and what goes wrong.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl softhsm2-util p11tool
need_python ssl

export SOFTHSM2_CONF=$tmp/softhsm.conf
mkdir tokens
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$tmp" >softhsm.conf
softhsm2-util --init-token --free --label tvs --pin 123456 --so-pin 12345678 >softhsm.log 2>&1 || broken "softhsm2-util"
cert_new own --key rsa:2048 --subj "/CN=tvs" --ext "keyUsage=digitalSignature,keyEncipherment"
softhsm2-util --import own.key --token tvs --label own --id 01 --pin 123456 >>softhsm.log 2>&1 || broken "softhsm2-util"
GNUTLS_PIN=123456 p11tool --login --batch --write --load-certificate own.pem --label own --id 01 'pkcs11:token=tvs' \
	>>softhsm.log 2>&1 || broken "p11tool"
uri="pkcs11:token=tvs;object=own;type=private?pin-value=123456"
p11tool --list-all 'pkcs11:token=tvs' 2>/dev/null | grep -q 'token=tvs' || skip "p11-kit does not know SoftHSM"

cert_new app
make_store
truststore --store "$store" add tomcat-trust app.pem >>truststore.log 2>&1
make_conf conf "certificate = $tmp/own.pem" "key = $uri" "min-tls = 1.0" "ciphers = ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-SHA:AES256-SHA"
expect 0 tvsd --config conf --check
sed "s/^certificate.*/certificate = ${uri/type=private/type=cert}/" conf >both.conf
expect 0 tvsd --config both.conf --check
sed "s/^certificate.*/certificate = pkcs11:token=tvs;object=none;type=cert?pin-value=123456/" conf >none.conf
expect 2 tvsd --config none.conf --check
out_has "the certificate behind the PKCS#11 URI"
! grep -q 123456 out err || fail "the PIN stands in the message"
start_tvsd conf

# asks TLS CIPHERS
asks()
{
	expect 0 python3 "$top_srcdir/tests/integration/phone.py" verify 127.0.0.1 "$port" app.pem --tls "$1" --ciphers "$2"
	out_has "trusted APP-SERVER 86400"
}
asks 1.3 DEFAULT
asks 1.2 ECDHE-RSA-AES256-GCM-SHA384
asks 1.0 ECDHE-RSA-AES256-SHA:@SECLEVEL=0
log_has "tls=TLS1.0 cipher=ECDHE-RSA-AES256-SHA"
ok "a token signs"

# It would tell bad paddings by its time, so it never decrypts.
expect 2 python3 "$top_srcdir/tests/integration/phone.py" verify 127.0.0.1 "$port" app.pem --tls 1.2 --ciphers AES256-SHA
log_has "reason=no-cipher"
sed 's/^ciphers.*/ciphers = AES256-GCM-SHA384:AES256-SHA/' conf >rsa.conf
expect 2 tvsd --config rsa.conf --check
out_has "RSA key exchange needs a key in a file"
ok "a token serves no RSA key exchange"
stop "$tvsd_pid"
same "exit code" 0 "$stopped"

sed "s/^key.*/key = pkcs11:token=tvs;object=none;type=private?pin-value=123456/" conf >missing.conf
expect 2 tvsd --config missing.conf --check
out_has "PKCS#11"
sed "s/pin-value=123456/pin-value=000000/" conf >pin.conf
expect 2 tvsd --config pin.conf --check
! grep -q 000000 out err || fail "the PIN stands in the message"
cert_new other --key rsa:2048
sed "s/^certificate.*/certificate = other.pem/; s,other.pem,$tmp/other.pem," conf >other.conf
expect 2 tvsd --config other.conf --check
out_has "does not fit"
ok "what is wrong with a token is said"
