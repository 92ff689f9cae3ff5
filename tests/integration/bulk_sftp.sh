#!/bin/bash
# Phones move from cluster a to cluster b: two stores, two services, and an SFTP server between them; and what can go wrong on the way.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl sshd ssh-keygen python3
phone=$top_srcdir/tests/integration/phone.py

# --- the server: SFTP only, keys only; as root within a chroot
for key in host other user; do ssh-keygen -q -t ed25519 -N '' -f "$key"; done
ssh-keygen -q -t rsa -b 2048 -N '' -f rsa
cp user.pub authorized
chmod 600 authorized
jail='' path=$tmp/exchange user=$(id -un)
if [ "$(id -u)" = 0 ]; then
	jail=$(mktemp -d /run/tvs-bulk.XXXXXX) # sshd wants a path that only root can change
	on_exit "umount -q '$jail/exchange'; rm -rf '$jail'"
	chmod 755 "$jail"
	path=/exchange
	mkdir -p /run/sshd
fi
mkdir "$jail$path"

# start_sshd [OPTION of internal-sftp]; $ssh_port
start_sshd()
{
	ssh_port=$(free_port)
	cat >sshd.conf <<-CONF
	Port $ssh_port
	ListenAddress 127.0.0.1
	HostKey $tmp/host
	PidFile none
	AuthorizedKeysFile $tmp/authorized
	StrictModes no
	PermitRootLogin prohibit-password
	PasswordAuthentication no
	KbdInteractiveAuthentication no
	UsePAM no
	Subsystem sftp internal-sftp
	ForceCommand internal-sftp $*
	AllowTcpForwarding no
	${jail:+ChrootDirectory $jail}
	CONF
	log=sshd.log start "$(command -v sshd)" -D -e -f "$tmp/sshd.conf"
	sshd_pid=$pid
	wait_for 10 port_open "$ssh_port" || broken "sshd does not start"
	printf '[127.0.0.1]:%s %s\n' "$ssh_port" "$(cut -d' ' -f1,2 host.pub)" >known
	place=sftp://$user@127.0.0.1:$ssh_port$path
}

# settings NAME: settings of a cluster for the server that runs now
settings()
{
	cat >"$1.conf" <<-CONF
	[store]
	path = $tmp/$1
	[tvsd]
	listen = 127.0.0.1:$(free_port)
	workers = 1
	[bulk]
	cluster = $1
	directory = $place
	known-hosts = $tmp/known
	key = $tmp/user
	CONF
}
ts()
{
	truststore --config "$@"
}
own()
{
	ts "$1.conf" identity export "$2" >"$1-$2.pem"
	sha256_of "$1-$2.pem"
}
# told CLUSTER FILE: what its service tells a phone about a certificate
told()
{
	local listen
	listen=$(sed -n 's/^listen = //p' "$1.conf")
	python3 "$phone" verify 127.0.0.1 "${listen#*:}" "$2" || true
}
told_by_name()
{
	local listen
	listen=$(sed -n 's/^listen = //p' "$1.conf")
	python3 "$phone" query 127.0.0.1 "${listen#*:}" "$(openssl x509 -in "$2" -noout -issuer -nameopt RFC2253 | sed 's/^issuer=//')" "$(serial_of "$2")" || true
}

start_sshd
settings a
settings b
for one in a b; do
	ts $one.conf --quiet init
	ts $one.conf --quiet identity new TVS --cn "tvs.$one"
	ts $one.conf --quiet identity new ITLRecovery --cn "recovery.$one"
done
ts b.conf --quiet identity new CallManager --cn ucm.b
signer=$(own b ITLRecovery)
own b CallManager >/dev/null
for one in a b; do start_tvsd $one.conf; done

# --- before anything is sent
sed '/^known-hosts/d' a.conf >bad.conf
expect 2 ts bad.conf bulk consolidate
err_has 'no connection without the server'
sed "s,^key = .*,key = $tmp/rsa," a.conf >bad.conf
expect 2 ts bad.conf bulk consolidate
err_has "bad.conf:$(grep -n '^key' bad.conf | cut -d: -f1): [bulk] key: "
err_has 'an RSA key does not work'
sed "s,^directory = .*,directory = sftp://," a.conf >bad.conf
expect 2 ts bad.conf bulk consolidate
err_has "bad.conf:$(grep -n '^directory' bad.conf | cut -d: -f1): [bulk] directory: "
expect 2 ts a.conf bulk consolidate --directory sftp://
err_has ': --directory: "sftp://"'
sed "s,^known-hosts = .*,known-hosts = missing," a.conf >bad.conf
expect 2 ts bad.conf bulk consolidate
err_has "bad.conf:$(grep -n '^known-hosts' bad.conf | cut -d: -f1): [bulk] known-hosts: missing: "
printf '[127.0.0.1]:%s %s\n' "$ssh_port" "$(cut -d' ' -f1,2 other.pub)" >wrong
sed "s,^known-hosts = .*,known-hosts = $tmp/wrong," a.conf >bad.conf
expect 2 ts bad.conf bulk consolidate
err_has 'its host key is not the one that is known'
err_one_line
sed "s,^known-hosts = .*,host-key = $(ssh-keygen -lf other.pub | cut -d' ' -f2)," a.conf >bad.conf
expect 2 ts bad.conf bulk consolidate
err_has 'its host key is not the one that is known'
! grep -q 'Accepted publickey' sshd.log || fail "somebody logged in"
sed "s,^known-hosts = .*,host-key = $(ssh-keygen -lf host.pub | cut -d' ' -f2)," a.conf >pinned.conf
expect 1 ts pinned.conf bulk consolidate
err_has 'there is no export'
sed "s,^key = .*,key = $tmp/other," a.conf >bad.conf
expect 2 ts bad.conf bulk consolidate
err_has 'the server does not accept the key'
ok "host keys and user keys"

# --- the story
same 'first' 'not trusted' "$(told a b-CallManager.pem)"
expect 0 ts b.conf bulk export --type tftp
expect 0 ts b.conf bulk export --type itlrecovery
expect 2 ts a.conf bulk consolidate
err_has "$signer"
expect 0 ts a.conf bulk consolidate --signer "$signer"
expect 0 ts a.conf bulk import --type tftp
same 'verification' 'trusted SAST,TFTP 86400' "$(told a b-CallManager.pem)"
same 'query' "trusted SAST,TFTP 86400 $(sha256_of b-CallManager.pem)" "$(told_by_name a b-CallManager.pem)"
cp b-CallManager.pem old.pem
ts b.conf --quiet identity new CallManager --cn ucm.b --yes
own b CallManager >/dev/null
expect 0 ts a.conf bulk sync
expect 1 ts b.conf bulk sync # a is not known there yet
err_has 'cluster a signs with a certificate that is not known here'
expect 0 ts b.conf bulk sync --signer "$(own a ITLRecovery)"
expect 0 ts a.conf bulk sync
same 'new' 'trusted SAST,TFTP 86400' "$(told a b-CallManager.pem)"
same 'old' 'trusted SAST,TFTP 86400' "$(told a old.pem)"
expect 0 ts a.conf explain --file old.pem --at +6d
expect 1 ts a.conf explain --file old.pem --at +8d
expect 0 ts a.conf bulk sync
expect 0 ts b.conf bulk sync
[ ! -s out ] || fail "sync says something though nothing is new"
ok "a phone of a accepts b's signer, the old and the new one"

# --- what goes wrong on the way: a clear sentence, nothing half there, and the next run completes
# names: what another cluster would look at; whole PORT: settings for it
names()
{
	(cd "$jail$path" && ls)
}
# fails TEXT CONF: an export that fails and leaves nothing that others see, but parts which no signed manifest names
fails()
{
	local before
	before=$(names | grep -c 'p7s$' || true)
	expect 2 ts "$2" bulk export --type tftp
	err_has "$1"
	err_one_line
	same 'signed manifests' "$before" "$(names | grep -c 'p7s$' || true)"
}
through()
{
	coproc PROXY { exec python3 "$top_srcdir/tests/integration/killing_proxy.py" "$ssh_port" "$@"; }
	test_pids+=("$PROXY_PID")
	read -r proxy_port <&"${PROXY[0]}"
	proxy_pid=$PROXY_PID
	sed "s,127.0.0.1:$ssh_port/,127.0.0.1:$proxy_port/," b.conf >proxy.conf
	sed "s/\[127.0.0.1\]:$ssh_port/[127.0.0.1]:$proxy_port/" known >>known2
	sed -i "s,^known-hosts = .*,known-hosts = $tmp/known2," proxy.conf
}
for number in {1..24}; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout filler.key -subj "/CN=filler $number" -days 9 2>/dev/null
done >filler.pem
ts b.conf --quiet add CallManager-trust filler.pem # so that there is something to cut
for bytes in 0 1500 5000 14000; do
	through $bytes
	fails "sftp://127.0.0.1:$proxy_port" proxy.conf
	stop "$proxy_pid"
done
parts() { (cd "$jail$path" && ls -A) | grep -c '^\..*part$' || true; }
same 'parts after a cut, when the way is open again' 0 "$(parts)"
through 14000 1
fails "sftp://127.0.0.1:$proxy_port" proxy.conf
same 'parts after a cut, when it stays closed' 1 "$(parts)"
expect 0 ts b.conf bulk export --type tftp
same 'left of uploads that were cut' 0 "$(parts)"
ok "a connection that is cut"

stop "$sshd_pid"
fails 'no connection' b.conf
start_sshd -R
settings b2
sed -i "s,$tmp/b2,$tmp/b,; s/cluster = b2/cluster = b/" b2.conf
fails 'permission denied' b2.conf
stop "$sshd_pid"
ok "no server, no permission"

start_sshd
settings b2
sed -i "s,$tmp/b2,$tmp/b,; s/cluster = b2/cluster = b/" b2.conf
if [ -n "$jail" ] && mkdir "$jail/kept" && cp -a "$jail$path/." "$jail/kept/" && mount -t tmpfs -o size=4k tvs "$jail$path" 2>/dev/null; then
	head -c 4000 /dev/zero >"$jail$path/filler" 2>/dev/null || true
	fails 'cannot be written' b2.conf
	same 'no whole file' filler "$(names)"
	umount "$jail$path"
	ok "no space"
fi
expect 0 ts b2.conf bulk export --type tftp
settings a2
sed -i "s,$tmp/a2,$tmp/a,; s/cluster = a2/cluster = a/" a2.conf
expect 0 ts a2.conf bulk sync
same 'then' 'trusted SAST,TFTP 86400' "$(told a b-CallManager.pem)"

expect 0 ts a.conf bulk retire b
same 'retired' 'not trusted' "$(told a b-CallManager.pem)"
same 'retired' 'not trusted' "$(told a old.pem)"
expect 0 ts a.conf verify
expect 0 ts b.conf verify
ok "retired: not trusted"
