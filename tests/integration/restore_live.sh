#!/bin/bash
# Backups while others write, and restores while phones ask: tvsd answers all the while.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
make_store
T() { truststore --store "$tmp/store" "$@"; }
T add CallManager-trust "$data/certs/ccm.der" >/dev/null
T add tomcat-trust "$data/certs/tomcat.der" >/dev/null
T backup first.bak --quiet
T identity export TVS --out tvs.pem
make_conf conf
start_tvsd conf
ask() { tvsc --server "127.0.0.1:$port" --ca tvs.pem verify "$data/certs/ccm.der"; }
expect 0 ask

asking()
{
	while [ ! -e stop ]; do
		ask >asked.out 2>&1 || { cat asked.out >>asked.bad; }
		echo >>asked
	done
}
writing()
{
	local hash
	hash=$(sha256sum "$data/certs/capf.der" | cut -c 1-64)
	while [ ! -e stop ]; do
		T add CAPF-trust "$data/certs/capf.der" --again >/dev/null 2>&1 || echo add >>write.bad
		T remove CAPF-trust "$hash" >/dev/null 2>&1 || echo remove >>write.bad
		echo >>written
	done
}
start asking
asker=$pid
start writing
writer=$pid
for i in 1 2 3 4 5; do
	expect 0 T backup "$i.bak"
	expect 0 truststore --store "$tmp/of$i" restore "$i.bak"
	expect 0 truststore --store "$tmp/of$i" verify
done
touch stop
stop "$writer"
stop "$asker"
[ ! -e write.bad ] || fail "a writer was disturbed by a backup"
[ -s written ] || fail "nobody wrote meanwhile"
ok "backups of one moment each, while others write"

rm stop
start asking
before=$(wc -l <asked)
for i in 5 4 3 first 2 1; do
	expect 0 T restore "$i.bak" --force
	expect 0 T verify
done
wait_for 10 test "$(wc -l <asked)" -gt "$before" || fail "nobody asked meanwhile"
touch stop
stop "$pid"
[ ! -e asked.bad ] || { cat asked.bad >out; fail "a phone got no answer while a backup was restored"; }
expect 0 ask
alive_child "$tvsd_pid" || fail "tvsd ended"
ok "restores under running readers: every question was answered"
