#!/bin/bash
# The manual and the sample of the configuration say what the schema says: every key, nothing else, with its
# kind and default.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
schema=$top_builddir/tests/unit/dump_schema
man=$top_srcdir/truststore/base/tvs.conf.5
sample=$top_srcdir/truststore/base/tvs.conf.sample

"$schema" | sort > schema
[ "$(wc -l < schema)" -gt 50 ] || fail "the schema has hardly any key"

# ".It Ic key Pq kind; default Li value" under ".Ss [section]"
awk -F '\t' '
	/^\.Ss \[/ { section = $0; gsub(/^\.Ss \[|\]$/, "", section); sub(/ NAME$/, "", section) }
	/^\.It Ic / {
		sub(/^\.It Ic /, ""); key = $0; sub(/ .*/, "", key)
		kind = $0; sub(/^[^ ]+ Pq /, "", kind); value = "(none)"
		if (match(kind, /; default Li /)) {
			value = substr(kind, RSTART + RLENGTH); kind = substr(kind, 1, RSTART - 1)
		} else if (!sub(/; no default$/, "", kind)) {
			kind = "neither default nor \"no default\""
		}
		print section "\t" key "\t" kind "\t" value
	}' "$man" | sort > in-man
diff -u schema in-man || fail "tvs.conf.5 is not what the schema says"
ok "the manual has each key once, with kind and default"

# ";key = value", behind a comment that says "No default" where it is an example; [tvsd NAME] apart
awk '
	/^;\[/ { section = $0; gsub(/^;\[|\]$/, "", section); listener = section ~ /^tvsd /
		sub(/^bulk peer .*/, "bulk peer", section) }
	/^#/ { if (!comment) example = 0; comment = 1; if (/No default/) example = 1 }
	!/^#/ { comment = 0 }
	/^;[a-z]/ {
		key = $0; sub(/^;/, "", key); sub(/ = .*/, "", key)
		value = $0; sub(/^[^=]*= /, "", value)
		if (listener) print key > "listener"
		else print section "\t" key "\t" (example ? "(none)" : value)
	}' "$sample" | sort > in-sample
cut -f 1,2,4 schema | sort > without-kinds
diff -u without-kinds in-sample || fail "tvs.conf.sample is not what the schema says"
diff -u <(awk -F '\t' '$3 ~ /; listener$/ { print $2 }' schema | sort) <(sort listener) ||
	fail "tvs.conf.sample: [tvsd NAME] has not the keys of a listener"
ok "the sample has each key once, with its default"

"$schema" "$sample" > mistakes || fail "the sample is not valid: $(cat mistakes)"
sed 's/^;//' "$sample" > all.conf
"$schema" all.conf > mistakes || fail "the sample with every setting in force is not valid: $(cat mistakes)"
printf '[tvsd]\nworkers = many\n' > bad.conf
rc=0
"$schema" bad.conf > mistakes || rc=$?
[ $rc = 1 ] && grep -q '^bad.conf:2: \[tvsd\] workers: ' mistakes || fail "a wrong value is not found"
ok "the sample loads, as it is and with every setting in force"
