#!/bin/bash
# certmon and the own certificates: what is said of them, of requests that wait, and of anchors that expire together.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3

store=$tmp/store
T() { truststore --store "$store" "$@"; }
T --quiet init
for purpose in TVS CallManager; do
	T --quiet identity new $purpose --cn "$purpose.example.test" --san "$purpose.example.test"
done
T --quiet identity csr tomcat --cn web.example.test --out csr.pem
T --quiet identity export CallManager --out ccm.pem
end=$(date -d "$(openssl x509 -in ccm.pem -noout -enddate | cut -d= -f2)" +%s)
printf '#!/bin/sh\ncat >"mails/$(ls mails | wc -l)"\n' >sendmail
chmod 755 sendmail
mkdir mails
printf '[store]\npath = %s\n[certmon]\nsyslog = no\nemail = yes\nto = a@example.test\nfrom = b@example.test\nsendmail = %s/sendmail\n' \
	"$store" "$tmp" >certmon.conf

# at SECONDS-BEFORE-THE-END EXIT-CODE COMMAND...
at()
{
	TVS_CLOCK=@$((end - $1)) expect "$2" certmon --config certmon.conf "${@:3}"
}

day=86400
kinds() { json '" ".join(sorted(f["kind"] for f in d["findings"] if f["level"] != "note"))'; }

# --- a request

expect 0 certmon --config certmon.conf run
same 'mails about a new request' 0 "$(ls mails | wc -l)"
TVS_CLOCK=+170h expect 0 certmon --config certmon.conf run
same 'mails about one that waits for a week' 1 "$(ls mails | wc -l)"
grep -q '^Subject: Certificates: the signing request of tomcat waits for its certificate since 7 days' mails/0 ||
	fail "another subject: $(grep ^Subject: mails/0)"
grep -q 'truststore identity install tomcat FILE' mails/0 || fail 'what to do is missing'
sed -z 's|=\r*\n||g' mails/0 | grep -q 'truststore identity csr tomcat --discard' || fail 'how to get rid of it is missing'
ca_new ca --days 5000
openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -copy_extensions copyall -days 4000 -out web.pem 2>>openssl.log
T --quiet add tomcat-trust ca.pem
expect 0 T identity install tomcat web.pem
TVS_CLOCK=+180h expect 0 certmon --config certmon.conf report --json
same 'findings after the answer was installed' '' "$(kinds)"
ok 'a signing request that waits'

# --- anchors

rm mails/*
at $((181 * day)) 0 report --json
same 'findings before' '' "$(kinds)"
at $((179 * day)) 0 report --json
same 'findings then' anchors "$(kinds)"
same 'names' true "$(json '[all(p in f["subject"] for p in ("TVS on", "CallManager on")) for f in d["findings"] if f["kind"] == "anchors"][0]')"
at $((179 * day)) 1 check
out_has 'anchors of the phones expire together'
for ago in 179 178 151 149 148; do at $((ago * day)) 0 run; done
same 'mails in a month' 2 "$(ls mails | wc -l)"
grep -q '^Subject: Certificates: anchors of the phones expire together, the first in 17[89] days' mails/0 ||
	fail "another subject: $(grep ^Subject: mails/0)"
grep -q 'every phone is locked out if they are renewed together' mails/0 || fail 'who is affected is missing'
python3 - mails/0 <<'PYTHON' || fail 'the mail has no plain text'
import email, email.policy, sys
with open(sys.argv[1], "rb") as file:
    text = email.message_from_binary_file(file, policy=email.policy.default).get_body(("plain",)).get_content()
assert "renew one now, let all phones restart and learn it" in text, text
assert "TVS on 20" in text and "CallManager on 20" in text, text
PYTHON
sed 's/^syslog.*/&\nidentities = no/' certmon.conf >without.conf
TVS_CLOCK=@$((end - 149 * day)) expect 0 certmon --config without.conf report --json
same 'findings without identities' '' "$(kinds)"
expect 0 env TVS_CLOCK=@$((end - 148 * day)) truststore --store "$store" --quiet identity regenerate TVS
at $((147 * day)) 0 report --json
same 'findings when one was renewed' '' "$(kinds)"
ok 'anchors that expire together are announced months ahead, until one is renewed'

# --- the certificate itself

at $((20 * day)) 0 report --json
same 'an own certificate' '["CallManager", true, "warning", "CallManager-trust, Phone-SAST-trust"]' \
	"$(json '[[f[k] for k in ("purpose", "identity", "level", "found_in")] for f in d["findings"] if f["sha256"] == "'"$(sha256_of ccm.pem)"'"][0]')"
json '[f["advice"] for f in d["findings"] if f["purpose"] == "CallManager"][0]' >advice
grep -q 'truststore identity regenerate CallManager (self-signed), or truststore identity csr CallManager' advice || fail 'no advice'
ok 'an own certificate: which one, and how it is renewed'
