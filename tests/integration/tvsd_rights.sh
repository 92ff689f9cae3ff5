#!/bin/bash
# Started as root, with user and group: the workers keep no right, although port and key needed them.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
need_python ssl
need_root
id nobody >/dev/null 2>&1 || not_here "there is no user nobody"
getent group daemon >/dev/null || not_here "there is no group daemon"

chmod 755 "$tmp"
make_store
cert_new ccm
cert_new own --key rsa:2048
truststore --store "$store" --quiet add CallManager-trust ccm.pem
make_conf tvs.conf 'user = nobody' 'group = daemon' "certificate = $tmp/own.pem" "key = $tmp/own.key" \
	"metrics = $tmp/tvs.prom"
port=$(python3 - <<'PYTHON'
import random, socket
while True:
    port = random.randint(600, 1000)
    try:
        with socket.socket() as s:
            s.bind(("127.0.0.1", port))
        print(port)
        break
    except OSError as error:
        if error.errno == 13:
            break
PYTHON
)
[ -n "$port" ] || not_here "no right to bind a port below 1024"
sed -i "s/^listen = .*/listen = 127.0.0.1:$port/" tvs.conf
chmod 600 own.key
start_tvsd tvs.conf
phone="$top_srcdir/tests/integration/phone.py"

children()
{
	cat "/proc/$tvsd_pid/task/$tvsd_pid/children"
}

field()
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr -s '\t ' ' '
}

look()
{
	local one daemon nobody
	nobody=$(id -u nobody) daemon=$(getent group daemon | cut -d: -f3)
	for one in $(children); do
		same 'users of a worker' "$nobody $nobody $nobody $nobody" "$(field "$one" Uid)"
		same 'groups of a worker' "$daemon $daemon $daemon $daemon" "$(field "$one" Gid)"
		case " $(field "$one" Groups)" in *" 0 "*) fail "a worker is in the group of root" ;; esac
		same 'capabilities of a worker' 0000000000000000 "$(field "$one" CapEff)"
		same 'permitted' 0000000000000000 "$(field "$one" CapPrm)"
		same 'no new privileges' 1 "$(field "$one" NoNewPrivs)"
		grep -q '^Max core file size *0 *0 ' "/proc/$one/limits" || fail "a worker may dump core"
	done
	same 'workers' 2 "$(children | wc -w)"
}
look
expect 0 python3 "$phone" verify 127.0.0.1 "$port" ccm.pem
ok "workers have no rights"
ready()
{
	[ "$(children | wc -w)" = 2 ] && look
}
kill -KILL "$(children | cut -d' ' -f1)"
wait_for 5 ready || fail "the new worker"
expect 0 python3 "$phone" verify 127.0.0.1 "$port" ccm.pem
kill -HUP "$tvsd_pid"
log_has "new configuration taken over"
wait_for 5 ready || fail "the workers after a reload"
expect 0 python3 "$phone" verify 127.0.0.1 "$port" ccm.pem
truststore --store "$store" --quiet remove CallManager-trust "$(sha256_of ccm.pem)"
expect 1 python3 "$phone" verify 127.0.0.1 "$port" ccm.pem
same 'mode of the metrics' 644 "$(stat -c %a tvs.prom)"
ok "replaced and reloaded workers neither"
stop "$tvsd_pid"
same 'exit code' 0 "$stopped"
