#!/bin/bash
# tvsd --check finds everything that is wrong, by file and line, and says nothing else; a start with it fails the same way.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl

make_store
cert_new own --key rsa:2048
cert_new strange --key rsa:2048
make_conf good.conf
expect 0 tvsd --check --config good.conf
same output "no mistake found" "$(cat out)"
expect 0 tvsd --check --config good.conf --quiet
same output "" "$(cat out)"
expect 0 tvsd --check --config good.conf --json
same valid 'true []' "$(json '"%s %s" % (json.dumps(d["valid"]), d["mistakes"])')"
ok "a good configuration"

cat >many.conf <<-CONF
	[store]
	path = $store
	[tvsd]
	listen = 127.0.0.1:2445, localhost:1, [::1]:70000
	ciphers = AES256_SHA
	allow-from = 10.0.0.1/8, everywhere
	user = nobody-of-that-name
	certificate = own.pem
	[tvsd two]
	listen = 127.0.0.1:2445
CONF
expect 2 tvsd --check --config many.conf
out_has 'many.conf:4: [tvsd] listen: "localhost" is no numeric address'
out_has 'many.conf:4: [tvsd] listen: "[::1]:70000"'
out_has 'many.conf:5: [tvsd] ciphers: You have entered an invalid Cipher String.'
out_has 'many.conf:6: [tvsd] allow-from: "10.0.0.1/8"'
out_has 'many.conf:6: [tvsd] allow-from: "everywhere"'
out_has 'many.conf:7: [tvsd] user: '
out_has 'many.conf:8: [tvsd] certificate: '
out_has 'many.conf:10: [tvsd two] listen: 127.0.0.1:2445 stands in [tvsd] already'
same 'lines' 8 "$(wc -l <out)"
expect 2 tvsd --check --config many.conf --json
same mistakes 'false 8' "$(json '"%s %d" % (json.dumps(d["valid"]), len(d["mistakes"]))')"
expect 2 tvsd --config many.conf
err_one_line
err_has 'many.conf:4: [tvsd] listen'
printf '[tvsd]\nworker = 1\nmin-tls = 9\nlisten\n[tvsc]\n' >broken.conf
expect 2 tvsd --check --config broken.conf
for line in 2 3 4 5; do out_has "broken.conf:$line: "; done
expect 2 tvsd --check --config missing.conf
out_has 'missing.conf'
ok "every mistake of the configuration"

# bad TEXT LINE...: with these lines added to the good configuration, the one mistake is this
bad()
{
	local text=$1
	shift
	cp good.conf bad.conf
	printf '%s\n' "$@" >>bad.conf
	expect 2 tvsd --check --config bad.conf
	out_has "$text"
	same "lines for $*" 1 "$(wc -l <out)"
	expect 2 tvsd --config bad.conf
	err_one_line
	err_has "$text"
}
bad '[tvsd] certificate own.pem, key strange.key: ' 'certificate = own.pem' 'key = strange.key'
bad 'bad.conf:7: [tvsd] key: missing.key: ' 'certificate = own.pem' 'key = missing.key'
bad 'bad.conf:6: [tvsd] certificate: cannot open missing.pem: ' 'certificate = missing.pem' 'key = own.key'
bad 'bad.conf:6: [tvsd] certificate: cannot read /tmp: Is a directory' 'certificate = /tmp' 'key = own.key'
bad 'certificate: own.key: holds no certificate' 'certificate = own.key' 'key = own.key'
bad 'own.pem' 'certificate = own.pem' 'key = own.pem'
cp own.key open.key
chmod 644 open.key
bad 'open.key' 'certificate = own.pem' 'key = open.key'
openssl rsa -in own.key -aes256 -passout pass:secret -out locked.key 2>/dev/null
chmod 600 locked.key
bad 'locked.key' 'certificate = own.pem' 'key = locked.key'
bad 'ciphers: with fips = yes' 'ciphers = CAMELLIA256-SHA' '[security]' 'fips = yes'
ok "certificate, key and ciphers"

expect 2 tvsd --check --config good.conf --store nowhere
out_has 'nowhere'
out_has 'truststore init'
truststore --store empty --quiet init
expect 2 tvsd --check --config good.conf --store empty
out_has 'identity new TVS'
expect 2 tvsd --config good.conf --store empty
err_one_line
log=holder.log start python3 -c 'import signal, socket, sys
holder = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("bound", flush=True)
signal.pause()' "$port"
log_has bound holder.log
expect 2 tvsd --config good.conf
err_one_line
err_has "cannot listen on 127.0.0.1:$port: Address already in use"
stop "$pid"
truststore --store "$store" --quiet block "$(truststore --store "$store" --json identity show TVS >own.json; json 'd["sha256"]' own.json)"
expect 0 tvsd --check --config good.conf
same 'a warning' 'warning: the own certificate (identity TVS) is blocked in the store: phones that ask about it are told not to trust it' "$(cat out)"
expect 0 tvsd --check --config good.conf --json
same 'no mistake' '[true, [], 1]' "$(json '[d["valid"], d["mistakes"], len(d["warnings"])]')"
start_tvsd good.conf
log_has 'the certificate of the service is blocked in the store' tvsd.log
stop "$tvsd_pid"
truststore --store "$store" --quiet unblock "$(json 'd["sha256"]' own.json)"
expect 0 tvsd --check --config good.conf
same output "no mistake found" "$(cat out)"
truststore --store "$store" --quiet block --file own.pem
{ cat good.conf; printf 'certificate = own.pem\nkey = own.key\n'; } >file.conf
expect 0 tvsd --check --config file.conf
out_has 'warning: the own certificate (own.pem) is blocked'
ok "an own certificate that the store distrusts"

# metrics LINE...: the one line about a configuration with these lines; the daemon would start
metrics()
{
	{ cat good.conf; printf '%s\n' "$@"; } >metrics.conf
	expect 0 tvsd --check --config metrics.conf
	same lines 1 "$(wc -l <out)"
}
line=$(($(wc -l <good.conf) + 1))
metrics "metrics = $tmp/nowhere/tvs.prom"
out_has "warning: metrics.conf:$line: [tvsd] metrics: "
out_has "cannot write into the directory $tmp/nowhere: No such file or directory"
metrics "metrics = $tmp/tvs.prom"
out_has 'no mistake found'
metrics "metrics = $tmp/good.conf/tvs.prom"
out_has 'Not a directory'
if [ "$(id -u)" = 0 ] && id nobody >/dev/null 2>&1; then
	mkdir -m 755 roots
	cp -a "$store" theirs
	chown -R nobody theirs
	sed -i "s#^path = .*#path = $tmp/theirs#" good.conf
	metrics "metrics = $tmp/roots/tvs.prom"
	out_has "the store's owner cannot write into the directory $tmp/roots: Permission denied"
	chown nobody roots
	metrics "metrics = $tmp/roots/tvs.prom"
	out_has 'no mistake found'
	chown root roots
	metrics "metrics = $tmp/roots/tvs.prom" 'user = nobody'
	out_has 'no mistake found' # the supervisor writes it, and stays root
	sed -i "s#^path = .*#path = $store#" good.conf
fi
ok "where the metrics go"

expect 2 tvsd --check extra
err_has "tvsd: "
ok "the store, the address"
