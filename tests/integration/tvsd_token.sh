#!/bin/bash
# The private key on a PKCS#11 token (SoftHSM): several workers, reloads.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl softhsm2-util p11tool
need_python ssl

export SOFTHSM2_CONF=$tmp/softhsm2.conf
mkdir tokens
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n' "$tmp" >softhsm2.conf
make_store
cert_new ccm
cert_new own --key rsa:2048
truststore --store "$store" --quiet add CallManager-trust ccm.pem
softhsm2-util --init-token --free --label tvs --pin 871234 --so-pin 871234 >softhsm.log 2>&1 || skip "SoftHSM makes no token"
softhsm2-util --import own.key --token tvs --label own --id 01 --pin 871234 >>softhsm.log 2>&1 || broken "no key on the token"
p11tool --list-tokens >>softhsm.log 2>&1
grep -q 'token=tvs' softhsm.log || skip "p11-kit does not know SoftHSM"
make_conf tvs.conf "certificate = $tmp/own.pem" 'key = pkcs11:token=tvs;object=own;type=private?pin-value=871234'
expect 0 tvsd --check --config tvs.conf
start_tvsd tvs.conf
phone=$top_srcdir/tests/integration/phone.py
expect 0 python3 "$phone" verify 127.0.0.1 "$port" ccm.pem --tls 1.2
expect 0 python3 "$phone" verify 127.0.0.1 "$port" ccm.pem --tls 1.3
kill -HUP "$tvsd_pid"
log_has "new configuration taken over"
expect 0 python3 "$phone" verify 127.0.0.1 "$port" ccm.pem
sed -i 's/object=own/object=gone/' tvs.conf
kill -HUP "$tvsd_pid"
log_has "nothing changes: "
expect 0 python3 "$phone" verify 127.0.0.1 "$port" ccm.pem
! grep -q 871234 tvsd.log || fail "the PIN stands in the log"
stop "$tvsd_pid"
same 'exit code' 0 "$stopped"
ok "reloads with a key on a token"
