#!/bin/bash
# A run looks only at what is near its end: its time does not grow with the certificates that are far from it.
# The claim is about time; judged are instructions, which stand for it and are the same on a busy machine. The seconds are shown.
TEST_LIMIT=1500
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
[ -n "${TEST_FULL:-}" ] || not_here 'only with --full'
need openssl valgrind python3
many=${CERTMON_MANY:-1000000}
make -s -C "$top_builddir" tests/bench/mkcerts >make.log 2>&1 || broken 'mkcerts cannot be built'

# a store with so many certificates that end in a year, and 100 that are due
fill()
{
	mkdir "$1"
	"$top_builddir/tests/bench/mkcerts" "$2" 100000 "$1" 100 1
	truststore --store "$1/store" --quiet init
	truststore --store "$1/store" --quiet add tomcat-trust "$1"/certs-*.pem
	truststore --store "$1/store" --quiet add tomcat-trust due.pem
	rm "$1"/certs-*.pem
	printf '[store]\npath = %s/store\n[certmon]\nsyslog = no\n' "$tmp/$1" >"$1/conf"
}

key_new due ec
for i in $(seq 100); do
	cert_new "due$i" --key key=due.key --days 20
	cat "due$i.pem" >>due.pem
done
fill few 1000
fill many "$many"

instructions()
{
	valgrind --tool=callgrind --callgrind-out-file=/dev/null certmon --config "$1/conf" run >out 2>err
	sed -n 's/.*refs: *//p' err | tr -d ,
}

# the middle of seven runs that remember nothing, in milliseconds
milliseconds()
{
	local begin
	for _ in 1 2 3 4 5 6 7; do
		begin=${EPOCHREALTIME/./}
		certmon --config "$1/conf" run --dry-run >out 2>err
		echo $(((${EPOCHREALTIME/./} - begin) / 1000))
	done | sort -n | sed -n 4p
}

echo "milliseconds: $(milliseconds few) among 1,000, $(milliseconds many) among $many certificates"
work_few=$(instructions few) work_many=$(instructions many)
echo "instructions: $work_few among 1,000, $work_many among $many certificates"
[ "$work_many" -le $((2 * work_few)) ] || fail "the work grows: $work_many instead of $work_few instructions"
ok 'a run among very many takes at most twice the work of one among a thousand'
