#!/bin/bash
# A mail all the way: certmon to Postfix with STARTTLS and a password, and into a maildir.
TEST_LIMIT=120
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need_root
need openssl python3
if ! command -v postfix >/dev/null; then not_here "another mail server than Postfix is installed"; fi
need saslpasswd2

chmod 711 "$tmp"
cert_new mail --ext 'subjectAltName=IP:127.0.0.1'
mkdir -p etc/sasl queue data box
chown postfix data
chown nobody box
echo 'open sesame' | saslpasswd2 -c -p -f sasldb -u mail.example.test monitor || broken 'no password database'
chown postfix sasldb
port=$(free_port)
printf 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: %s/sasldb\nmech_list: PLAIN LOGIN\n' "$tmp" >etc/sasl/smtpd.conf
cat >etc/main.cf <<EOF
compatibility_level = 3.6
queue_directory = $tmp/queue
data_directory = $tmp/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.example.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
alias_maps =
maillog_file = $tmp/postfix.log
maillog_file_prefixes = $tmp
virtual_mailbox_domains = example.test
virtual_mailbox_base = $tmp/box
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:$(id -u nobody)
virtual_gid_maps = static:$(id -g nobody)
smtpd_tls_cert_file = $tmp/mail.pem
smtpd_tls_key_file = $tmp/mail.key
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = mail.example.test
cyrus_sasl_config_path = $tmp/etc/sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
EOF
cat >etc/master.cf <<EOF
$port inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
error unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
EOF
start postfix -c "$tmp/etc" start-fg
on_exit "postfix -c '$tmp/etc' stop >/dev/null 2>&1"
wait_for 30 port_open "$port" || broken 'postfix does not listen'

store=$tmp/store
truststore --store "$store" --quiet init
cert_new soon --days 20 --subj '/CN=Fernsprecher Zürich' --key rsa:2048
truststore --store "$store" --quiet add tomcat-trust soon.pem
echo 'open sesame' >password
chmod 600 password
cat >certmon.conf <<EOF
[store]
path = $store
[certmon]
email = yes
to = admin@example.test
from = certmon@example.test
smtp = smtp://127.0.0.1:$port
starttls = required
user = monitor
password-file = $tmp/password
ca-file = $tmp/mail.pem
syslog = no
EOF
delivered()
{
	local files=(box/all/new/*)
	[ ${#files[@]} = "$1" ]
}
export TVS_CLOCK=+60s # so that days are whole
expect 0 certmon --config certmon.conf run
wait_for 20 delivered 1 || fail 'no mail in the maildir'
grep -q 'sasl_username=monitor@mail.example.test' postfix.log || fail 'it was not sent with the password'
python3 - box/all/new/* <<'PYTHON' || fail 'the mail is not as it should be'
import email, email.policy, sys
with open(sys.argv[1], "rb") as file:
    message = email.message_from_binary_file(file, policy=email.policy.default)
assert message["Subject"] == "Certificates: Fernsprecher Zürich expires in 19 days", message["Subject"]
assert message["To"].addresses[0].addr_spec == "admin@example.test"
assert "using TLS" in message["Received"] or "ESMTPSA" in message["Received"], message["Received"]
assert "Fernsprecher Zürich" in message.get_body(("plain",)).get_content()
PYTHON
expect 0 certmon --config certmon.conf report
out_has '250 2.0.0 Ok: queued as'
ok 'delivered into a maildir, over STARTTLS, with a password; the reply is kept'
echo wrong >password
expect 2 certmon --config certmon.conf test-mail
err_has 'admin@example.test'
wait_for 5 grep -q 'authentication failed' postfix.log || fail 'postfix saw no wrong password'
ok 'a wrong password is an error'
