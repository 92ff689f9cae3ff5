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
offers '' add S fi
offers 'bash' --completion ''
grep -q -- '-o default' spec || fail "file names are not completed"
ok "completion offers what the tables hold"
