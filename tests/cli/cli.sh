#!/bin/bash
# The command line as people and scripts meet it: exit codes, the terminal, and bash's own completion.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need python3
demo=$top_builddir/tests/unit/cli_demo

expect 0 "$demo" add store - --ttl 5 --json
[ "$(cat out)" = 'context demo json
<store>
<->
--ttl <5>' ] || fail "arguments: $(cat out)"
[ "$(cat err)" = 'demo: warning: watch\x0aout' ] || fail "warning: $(cat err)"
expect 0 "$demo" list --quiet
[ ! -s err ] || fail "a warning in spite of --quiet"
expect 1 "$demo" no
expect 2 "$demo" lits
[ "$(wc -l < err)" = 1 ] && [ ! -s out ] || fail "a usage error is one line on standard error"
ok "exit codes and messages"

rc=0
"$demo" flood > /dev/full 2> err || rc=$?
[ $rc = 2 ] && grep -q '^demo: cannot write' err || fail "a full disk is not noticed"
rc=0
"$demo" --help > /dev/full 2> err || rc=$?
[ $rc = 2 ] || fail "a full disk is not noticed by --help"
ok "output that cannot be written is a failure"

"$demo" add --help > out
awk 'length > 100 { exit 1 }' out || fail "help is wider than 100 columns"
grep -q -- '-t, --ttl SECONDS' out || fail "help lacks an option"
ok "help fits a terminal"

# A question needs a terminal, or the option that answers it.
expect 2 "$demo" ask thing
err_has 'demo: Remove thing? Without a terminal to answer this, pass --yes'
expect 0 "$demo" ask thing --yes
expect 2 "$demo" ask strict --yes
ok "without a terminal nothing is asked"

# terminal ANSWER COMMAND...: runs it on a terminal of its own, prints what the terminal shows, exits as it does.
cat > terminal.py <<'P'
import os, pty, sys, time
answer, command = sys.argv[1], sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execv(command[0], command)
shown = b""
try:
    while True:
        data = os.read(fd, 4096)
        if not data:
            break
        shown += data
        if answer and shown.endswith(b"[y/N] "):
            os.write(fd, answer.encode() + b"\n")
            answer = ""
except OSError:
    pass
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
P
for answer in y yes YES; do
	expect 0 python3 terminal.py "$answer" "$demo" ask thing
	out_has 'Remove thing? [y/N] '
	out_has removed
done
for answer in n no yess "yes please, do it at once" " "; do
	expect 2 python3 terminal.py "$answer" "$demo" ask thing
	out_has 'not confirmed'
	not grep -q removed out
done
expect 2 python3 terminal.py n "$demo" ask strict --yes
ok "on a terminal the answer decides"

expect 0 python3 terminal.py "" "$demo" progress 150
grep -q $'\rreading [0-9]* of 150 ([0-9]*%)' out || fail "no progress on a terminal: $(cat -v out)"
[ "$(tr '\r' '\n' < out | grep -v '^ *$' | tail -n 1)" = 'done' ] || fail "progress is not wiped: $(cat -v out)"
expect 0 "$demo" progress 150
[ ! -s err ] || fail "progress without a terminal"
ok "progress is shown on a terminal only, and wiped"

# complete WORD...: what bash offers for the last word.
"$demo" --completion bash > completion
cat > complete.bash <<'C'
set -u
. ./completion
COMP_WORDS=(demo "$@")
COMP_CWORD=$#
_demo
printf '%s\n' ${COMPREPLY[@]+"${COMPREPLY[@]}"}
complete -p demo > spec
C
offers()
{
	local expected=$1
	shift
	bash complete.bash "$@" > out
	[ "$(sort out | tr '\n' ' ')" = "$expected " ] || fail "completion of '$*': $(tr '\n' ' ' < out), not $expected"
}
offers 'add ask' a
offers 'add ask flood identity list no progress stores' ''
offers 'list new' identity ''
offers 'new' --server x identity n
offers 'add' stores a
offers '--role' add S --r
offers '--ttl' add --json -v --t
offers '--san --server --store' identity new --s
offers '--server --store' list --s
offers '' add S --ttl ''
offers 'TVS tomcat' add ''
offers 'TVS tomcat' list ''
offers 'tomcat' list t
offers '' add TVS ''
offers 'TVS tomcat' identity new ''
offers 'TVS' identity new --san x T
offers '' identity new TVS ''
offers 'CCM CCM+TFTP TFTP' add S --role ''
offers 'CCM CCM+TFTP' add --role C
offers 'none' stores add --role ''
offers '' add S fi
offers 'bash' --completion ''
grep -q -- '-o default' spec || fail "file names are not completed"
ok "completion offers what the tables hold"

# of PROGRAM EXPECTED WORD...: the same of one of ours
of()
{
	local expected=$2
	"$1" --completion bash > completion
	sed -i "s/^_[a-z]*$/_$1/; s/^COMP_WORDS=([a-z]* /COMP_WORDS=($1 /; s/^complete -p .*/complete -p $1 > spec/" complete.bash
	offers "$expected" "${@:3}"
}
of truststore 'CAPF CallManager CallManager-ECDSA ITLRecovery TVS ipsec tomcat tomcat-ECDSA' identity regenerate ''
of truststore 'CAPF-trust CallManager-trust' add C
of truststore 'tomcat-trust' export --in t
of truststore 'all capf itlrecovery tftp tomcat' bulk export --type ''
of truststore 'APP-SERVER' list --role A
of truststore 'der pem' identity export TVS --format ''
of truststore 'der dir hashed-dir p12 pem' export --format ''
of tvsc '1.0 1.1 1.2 1.3' --tls ''
ok "of our programs: purposes, stores, types, roles, formats, versions"
