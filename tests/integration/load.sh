#!/bin/bash
# tvsd under load from many phones, some of them malicious, while the store changes and the daemon is reloaded. The
# same under valgrind (TEST_VALGRIND) and with sanitizers: then every process's findings count.
TEST_LIMIT=${TEST_LIMIT:-300}
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl

seconds=5 changes=20
[ -z "${TEST_VALGRIND:-}" ] || seconds=10 changes=6
[ -z "${TEST_FULL:-}" ] || seconds=60 changes=200

make_store
for name in trusted unknown changing; do cert_new $name; done
truststore --quiet --store "$store" add tomcat-trust trusted.pem >truststore.log
make_conf tvs.conf "metrics = $tmp/metrics.prom"
start_tvsd tvs.conf
openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 >server.pem

# descriptors of all processes of tvsd
descriptors()
{
	local pid count=0
	for pid in $(pgrep -P "$tvsd_pid") "$tvsd_pid"; do
		count=$((count + $(find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l)))
	done
	echo $count
}
before=$(descriptors)

log=load.log start python3 "$top_srcdir/tests/integration/load.py" "$port" "$seconds" 8 trusted.pem unknown.pem
load=$pid
for i in $(seq $changes); do
	truststore --quiet --store "$store" add tomcat-trust changing.pem --again >>truststore.log
	expect 0 tvsc --server "127.0.0.1:$port" --ca server.pem --quiet --timeout 60 verify changing.pem
	truststore --quiet --store "$store" remove tomcat-trust "$(sha256_of changing.pem)" >>truststore.log
	expect 1 tvsc --server "127.0.0.1:$port" --ca server.pem --quiet --timeout 60 verify changing.pem
	[ $((i % 8)) != 4 ] || kill -HUP "$tvsd_pid"
done
ok "$changes changes, each seen by the next request"

code=0
wait "$load" || code=$?
same "exit code of load.py" 0 "$code"
grep requests= load.log
[ "$(sed -n 's/^requests=\([0-9]*\).*/\1/p' load.log)" -ge 100 ] || fail "hardly a request was answered"
ok "every answer under load was right"

wait_for 30 eval '[ "$(descriptors)" -le $((before + 2)) ]' || fail "$(descriptors) descriptors, $before at the start"
ok "no descriptor was left open"
stop "$tvsd_pid" TERM 30
same "exit code of tvsd" 0 "$stopped"
expect 0 truststore --quiet --store "$store" verify
