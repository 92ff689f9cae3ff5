#!/bin/bash
# Each program's manual names every command and every option that its help names, with the same letters, and the
# completion knows them.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

# options FILE: the long options that a help text explains
options()
{
	sed -nE 's/^ +(-[a-zA-Z], )?--([a-z-]+).*/\2/p' "$1" | sort -u
}

# letters FILE: "x name" of the options there that have a letter, too
letters()
{
	sed -nE 's/^ +-([a-zA-Z]), --([a-z-]+).*/\1 \2/p' "$1" | sort -u
}

# letters_of_manual FILE
letters_of_manual()
{
	sed -nE 's/^\.It Fl ([a-zA-Z]) , Fl Fl ([a-z-]+).*/\1 \2/p' "$1" | sort -u
}

# commands FILE: those that it lists
commands()
{
	sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\( [a-z-]\{2,\}\)\?\)  *.*/\1/p' "$1"
}

# check PROGRAM MANUAL
check()
{
	local program=$1 page=$top_srcdir/$2 option command count=0
	expect 0 "$program" --help
	cp out help
	while read -r command; do
		grep -qE "^\.It Cm ${command/ /( Cm)? }( |\$)" "$page" || fail "$2 lacks the command $command"
		# shellcheck disable=SC2086
		expect 0 "$program" $command --help
		cat out >>help
	done < <(commands help)
	while read -r option; do
		grep -qE -e "Fl Fl $option( |\$)" -e "--$option([^a-z-]|\$)" "$page" || fail "$2 lacks --$option"
		count=$((count + 1))
	done < <(options help)
	[ "$count" -ge 5 ] || fail "$program --help names hardly any option"
	same "letters in $2" "$(letters help)" "$(letters_of_manual "$page")"
	expect 0 "$program" --completion bash
	cp out completion
	while read -r option; do
		grep -q -e "--$option" completion || fail "the completion lacks --$option"
	done < <(options help)
	bash -n completion || fail "the completion is no shell code"
	ok "$program: $count options"
}

check tvsc tvs/tvsc.1
check tvsd tvs/tvsd.8
check certmon certmon/certmon.1
check ocspcheck ocsp/ocspcheck.1
check truststore truststore/truststore.1
