#!/bin/bash
# The unit, the user and the directories, as the service manager's own tools read them.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need systemd-analyze systemd-sysusers systemd-tmpfiles

unit=$top_builddir/tvs/tvsd.service
[ -f "$unit" ] || broken "tvsd.service is not built"
! grep -q '@' <(grep -v '^SystemCallFilter' "$unit") || fail "something is not filled in"
mkdir units root root/etc
sed "s,^\(Exec[A-Za-z]*=\)[^ ]*/tvsd,\1$(command -v tvsd)," "$unit" >units/tvsd.service
systemd-analyze verify --man=no units/tvsd.service >out 2>&1 || fail "systemd-analyze verify: $(cat out)"
! grep -q 'tvsd.service' out || fail "systemd-analyze verify: $(cat out)"
ok "systemd-analyze verify"
# exposure as systemd counts it, in tenths: a service without any hardening has 96
if systemd-analyze security --offline=yes units/tvsd.service >out 2>/dev/null; then
	level=$(sed -n 's/.*exposure level for tvsd.service: \([0-9]*\)\.\([0-9]\).*/\1\2/p' out)
	[ "$level" -le 20 ] || fail "exposure level $level"
	ok "exposure level ${level%?}.${level#?}"
fi
for setting in Type=notify WatchdogSec= 'CapabilityBoundingSet=$' ProtectSystem=strict NoNewPrivileges=yes MemoryDenyWriteExecute=yes Restart=on-failure; do
	grep -q "^$setting" "$unit" || fail "the unit lacks $setting"
done
! grep -q '^LimitAS' "$unit" || fail "LimitAS stops LMDB"

if [ "$(id -u)" = 0 ]; then
	systemd-sysusers --root="$tmp/root" "$top_srcdir/tvs/sysusers.d/tvs.conf" >out 2>&1 || fail "systemd-sysusers: $(cat out)"
	grep -q '^tvs:x:[0-9]*:[0-9]*:.*:/var/lib/tvs:' root/etc/passwd || fail "no user tvs"
	systemd-tmpfiles --root="$tmp/root" --create "$top_srcdir/tvs/tmpfiles.d/tvs.conf" >out 2>&1 || fail "systemd-tmpfiles: $(cat out)"
	same 'store' "750 $(cut -d: -f3,4 root/etc/passwd | tail -n 1)" "$(stat -c '%a %u:%g' root/var/lib/tvs)"
	ok "user and directories"
fi
