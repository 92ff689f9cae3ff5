#!/bin/bash
# Archives: what openssl and certtool write is read here, what is written here they read; numbers, passwords, old algorithms; hostile ones.
TEST_LIMIT=${TEST_FULL:+900}
export TEST_LIMIT=${TEST_LIMIT:-300}
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl certtool
need_python cryptography

mkdir place
printf 'pass word' >ascii
printf 'pässwörd€' >utf8
echo >empty
for password in empty ascii utf8; do
	printf '[store]\npath = %s/store\n[bulk]\ncluster = here\ndirectory = %s\n' "$tmp" "$tmp/place" >$password.conf
	chmod 600 $password
	[ $password = empty ] || printf 'password-file = %s\n' "$tmp/$password" >>$password.conf
done
truststore --config empty.conf --quiet init
truststore --config empty.conf --quiet identity new ITLRecovery --cn here

# make_certs COUNT FILE
make_certs()
{
	python3 - "$1" >"$2" <<-'PYTHON'
	import datetime, sys
	from cryptography import x509
	from cryptography.hazmat.primitives import hashes, serialization
	from cryptography.hazmat.primitives.asymmetric import ec
	key = ec.generate_private_key(ec.SECP256R1())
	now = datetime.datetime.utcnow()
	for number in range(int(sys.argv[1])):
	    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"server {number}")])
	    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
	            .serial_number(number + 1).not_valid_before(now - datetime.timedelta(days=1))
	            .not_valid_after(now + datetime.timedelta(days=300)).sign(key, hashes.SHA256()))
	    sys.stdout.write(cert.public_bytes(serialization.Encoding.PEM).decode())
	PYTHON
}
# found CONF FILE: how many certificates a plan finds in an archive
found()
{
	expect 0 truststore --config "$1" --json bulk plan "$2" --type capf --unsigned
	json 'len(d["certificates"])'
}
make_certs 1 1.pem
make_certs 3 3.pem
make_certs 33 33.pem

# --- what others write
combinations=0
counts=(1 3 33)
for encryption in AES-256-CBC PBE-SHA1-3DES PBE-SHA1-RC2-40 NONE; do
	for mac in sha256 sha1 none; do
		for password in empty ascii utf8; do
			count=${counts[combinations % 3]}
			options=(-certpbe "$encryption" -legacy)
			[ $mac = none ] && options+=(-nomac) || options+=(-macalg $mac)
			[ $((combinations % 2)) = 0 ] || options+=(-caname 'Zürich' -caname second)
			openssl pkcs12 -export -nokeys -in $count.pem -out foreign.p12 -passout file:$password "${options[@]}" 2>openssl.log ||
				broken "openssl does not write $encryption $mac $password"
			same "$encryption $mac $password: certificates" $count "$(found $password.conf foreign.p12)"
			combinations=$((combinations + 1))
		done
	done
done
for cipher in aes-256:ascii aes-128:empty 3des-pkcs12:ascii rc2-40:empty arcfour:ascii; do
	for password in ${cipher#*:}; do
		option=(--password "$(cat $password)")
		[ $password = ascii ] || option=(--empty-password)
		certtool --to-p12 --load-certificate 3.pem --p12-name '' --pkcs-cipher ${cipher%:*} "${option[@]}" --outder --outfile gnutls.p12 >certtool.log 2>&1 ||
			broken "certtool does not write $cipher"
		same "certtool $cipher $password: certificates" 3 "$(found $password.conf gnutls.p12)"
		combinations=$((combinations + 1))
	done
done
ok "$combinations combinations of others are read"

# --- what is not readable says why
openssl pkcs12 -export -nokeys -in 3.pem -out secret.p12 -passout file:ascii
expect 2 truststore --config utf8.conf bulk plan secret.p12 --type capf --unsigned
err_has 'secret.p12: the password is wrong'
python3 - <<'PYTHON'
data = open("secret.p12", "rb").read()
# the MAC's iterations are the last number: 2048 becomes 2^31 - 1, and the lengths around it follow
assert data[-4:] == b"\x02\x02\x08\x00" and data[:2] == b"\x30\x82"
inner = data.rindex(b"\x30\x41\x30\x31")
bomb = bytearray(data[:-4] + b"\x02\x04\x7f\xff\xff\xff")
bomb[inner + 1] += 2
bomb[2:4] = (int.from_bytes(data[2:4], "big") + 2).to_bytes(2, "big")
open("bomb.p12", "wb").write(bomb)
open("cut.p12", "wb").write(data[:-100])
open("longer.p12", "wb").write(data + b"x")
PYTHON
expect 2 truststore --config ascii.conf bulk plan bomb.p12 --type capf --unsigned
err_has 'iterations'
openssl pkcs12 -export -nokeys -nomac -certpbe AES-256-CBC -in 3.pem -out secret.p12 -passout file:ascii
# AES-256-CBC becomes an algorithm that nobody knows
python3 -c 'd = open("secret.p12", "rb").read(); o = bytes.fromhex("60864801650304012a"); assert o in d; open("unknown.p12", "wb").write(d.replace(o, bytes.fromhex("608648016503040163")))'
expect 2 truststore --config ascii.conf bulk plan unknown.p12 --type capf --unsigned
err_has 'not supported'
for file in cut longer; do
	expect 2 truststore --config ascii.conf bulk plan $file.p12 --type capf --unsigned
	err_has 'not a PKCS#12 archive'
done
ok "a wrong password, an unknown algorithm and a bomb are told apart"

# --- what is written here
combinations=0
for count in 1 33; do
	truststore --store two$count --quiet init
	truststore --store two$count --quiet identity new ITLRecovery --cn two >/dev/null
	truststore --store two$count --quiet add tomcat-trust $count.pem
done
for profile in modern legacy; do
	for password in empty ascii utf8; do
		for count in 1 33; do
			sed "s,$tmp/store,$tmp/two$count," $password.conf >two.conf
			expect 0 truststore --config two.conf --json bulk export --type tomcat --profile $profile --cluster two
			archive=place/$(json 'd[0]["manifest"][:-5]').p12
			openssl pkcs12 -in "$archive" -nokeys -legacy -passin file:$password >openssl.out 2>openssl.log || fail "openssl does not read $profile $password"
			same "$profile $password: certificates for openssl" $count "$(grep -c BEGIN openssl.out)"
			certtool --p12-info --inder --infile "$archive" --password "$(cat $password)" --outfile certtool.out >certtool.log 2>&1 || fail "certtool does not read $profile $password"
			same "$profile $password: certificates for certtool" $count "$(grep -c 'BEGIN CERTIFICATE' certtool.out)"
			combinations=$((combinations + 1))
			rm -f place/*
		done
	done
done
ok "$combinations combinations are read by openssl and certtool"

# --- numbers
for count in 1000 ${TEST_FULL:+100000}; do
	make_certs $count many.pem
	rm -rf two && truststore --store two --quiet init
	sed "s,$tmp/store,$tmp/two,; s/cluster = here/cluster = two/" empty.conf >two.conf
	truststore --config two.conf --quiet identity new ITLRecovery --cn two >/dev/null
	truststore --config two.conf --quiet add tomcat-trust many.pem
	expect 0 truststore --config two.conf --json bulk export --type tomcat
	archive=place/$(json 'd[0]["manifest"][:-5]').p12
	same "certificates for openssl" $count "$(openssl pkcs12 -in "$archive" -nokeys -passin pass: | grep -c BEGIN)"
	[ $count -gt 1000 ] || same "certificates for certtool" $count "$(certtool --p12-info --inder --infile "$archive" --password '' 2>/dev/null | grep -c 'BEGIN CERT')"
	signer=$(truststore --config two.conf identity export ITLRecovery | openssl x509 -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1)
	expect 0 truststore --config empty.conf bulk consolidate --signer "$signer"
	expect 0 truststore --config empty.conf --json bulk import --type tomcat
	same 'imported' $count "$(json 'd["summary"]["added"]')"
	change=$(json 'd["change"]')
	expect 0 truststore --config empty.conf --json bulk import --undo "$change"
	same 'undone' $count "$(json 'd["removed"]')"
	openssl pkcs12 -export -nokeys -in many.pem -out one-bag.p12 -passout pass:
	same "one bag" $count "$(found empty.conf one-bag.p12)"
	rm -f place/*
	rm -rf store
	truststore --config empty.conf --quiet init
done
ok "a thousand certificates${TEST_FULL:+, a hundred thousand}"
