#!/bin/bash
# Certificates and names as we read them, against what OpenSSL says of the same ones.
TEST_LIMIT=300
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl
certdump()
{
	"$top_builddir/tests/cli/certdump" "$@"
}

formats=(RFC2253 oneline 'esc_2253,esc_ctrl,utf8,sep_semi_plus_space,lname,dn_rev' 'oid,sep_comma_plus,esc_2253,utf8')

# compare FILE.pem...: each of them, with names in all the formats
compare()
{
	local file format
	for file; do
		certdump "$file" >ours 2>err || fail "$file: $(cat err)"
		for format in "${formats[@]}"; do
			# a long serial number goes over several lines
			openssl x509 -in "$file" -noout -subject -issuer -serial -dates -fingerprint -sha256 \
				-dateopt iso_8601 -nameopt "$format" |
				sed '/^serial=/{:more;/\\$/{N;s/\\\n//;b more}}' >theirs
			certdump <theirs >digests 2>err || fail "$file: $format: $(cat err)"
			diff ours digests >diff.log || fail "$file: differs in the form $format: $(cat theirs)"
		done
	done
}

for file in "$data"/certs/*.der; do
	openssl x509 -inform DER -in "$file" -out "vector-$(basename "$file" .der).pem"
done
compare vector-*.pem
cat vector-*.pem >all.pem
certdump "$data"/certs/*.der >one-by-one
certdump all.pem | diff - one-by-one >diff.log
ok "the test certificates, from DER and from PEM"

# odd NAME SUBJECT [OPTION...]: a certificate whose strings have the types that $mask allows
key_new odd ec
odd()
{
	local name=odd-$1 subject=$2
	shift 2
	printf '[req]\ndistinguished_name = dn\nstring_mask = %s\n[dn]\n' "$mask" >odd.cnf
	openssl req -x509 -config odd.cnf -key odd.key -utf8 -subj "$subject" -multivalue-rdn -out "$name.pem" "$@" 2>>openssl.log ||
		broken "openssl cannot make $name"
	compare "$name.pem"
}

mask=default odd latin1 '/CN=Zoë/O=Société'
mask=default odd bmp '/CN=Ελλάδα/OU=мир'
mask=nombstr odd teletex '/CN=Zoë/C=NZ'
mask=MASK:0x100 odd universal '/CN=Zoë ☎/O=x'
mask=utf8only odd utf8 '/CN=Zoë ☎ 📞/O=x'
mask=utf8only odd multi '/CN=a+OU=b+UID=c/DC=example/DC=test'
mask=utf8only odd types '/C=NZ/ST=x/L=y/O=o/OU=u/SN=sur/GN=given/initials=i/title=t/serialNumber=5/dnQualifier=q/pseudonym=p/street=s/postalCode=1/businessCategory=b/jurisdictionC=NZ/jurisdictionST=js/jurisdictionL=jl/emailAddress=a@example.test/unstructuredName=un/unstructuredAddress=ua/generationQualifier=gq/name=n/description=d/organizationIdentifier=oi/x500UniqueIdentifier=ui/CN=all types'
mask=utf8only odd specials '/CN= #a,b+c"d\\e<f>g;h=i /O=#0C0161/OU=  /L=a, O=b'
mask=utf8only odd separators '/CN=a,CN=b;O=c\+OU=d'
mask=utf8only odd control "/CN=a$(printf '\001\033')b"
mask=utf8only odd empty /
mask=utf8only odd repeated '/OU=a/OU=b/OU=a/CN=x'
mask=utf8only odd high-serial /CN=x -set_serial 0x83E9
mask=utf8only odd zero-serial /CN=x -set_serial 0
mask=utf8only odd long-serial /CN=x -set_serial "0x$(printf '11%.0s' {1..64})"
mask=utf8only odd after-2050 /CN=x -days 20000
ok "strings, types and escapes"

bundle=/etc/ssl/certs/ca-certificates.crt
if [ -r "$bundle" ]; then
	csplit -s -z -f ca- -b %04d.pem "$bundle" '/-----BEGIN CERTIFICATE-----/' '{*}'
	formats=(RFC2253)
	compare ca-*.pem
	ok "$(ls ca-*.pem | wc -l) certificates of this system"
fi

# key EXPECTED KIND [OPTION...]: a certificate that signs itself with such a key
key()
{
	local expected=$1 kind=$2 name
	shift 2
	name=key-${kind//[^a-zA-Z0-9]/}
	case $kind in
	pss) openssl genpkey -quiet -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out "$name.key" ;;
	ed448) openssl genpkey -quiet -algorithm ED448 -out "$name.key" ;;
	*) [ -e "$name.key" ] || key_new "$name" "$kind" ;;
	esac
	openssl req -x509 -key "$name.key" -subj "/CN=$name" -out "$name.pem" "$@" 2>>openssl.log || broken "openssl cannot make $name"
	openssl verify -auth_level 0 -check_ss_sig -CAfile "$name.pem" "$name.pem" >/dev/null || broken "openssl does not accept $name"
	same "$kind $*" "$expected" "$(certdump -k "$name.pem")"
	# the signature is what decides, not the names: one byte of it is changed
	openssl x509 -in "$name.pem" -outform DER |
		python3 -c 'import sys; b = bytearray(sys.stdin.buffer.read()); b[-3] ^= 1; sys.stdout.buffer.write(b)' >changed.der
	same "$kind $*, changed" "${expected% *} other" "$(certdump -k changed.der)"
}
need python3
for digest in sha1 md5 sha224 sha256 sha384 sha512; do key "RSA 2048 self" rsa:2048 -$digest; done
key "RSA 2048 self" rsa:2048 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32
key "RSA 2048 self" rsa:2048 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:max
key "RSA 2048 self" rsa:2048 -sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:0
key "RSA 2048 self" pss
key "EC 256 self" ec:P-256
key "EC 384 self" ec:P-384 -sha384
key "EC 521 self" ec:P-521
key "Ed25519 256 self" ed25519
key "Ed448 456 self" ed448
ok "keys and signatures"

# What is not exactly a certificate is refused with a reason that names the file.
openssl x509 -in odd-utf8.pem -outform DER -out good.der
{ cat good.der; printf '\0'; } >trailing.der
head -c -1 good.der >cut.der
openssl x509 -in odd-utf8.pem -trustout -addtrust serverAuth -out trusted.pem
openssl pkey -in odd.key -out key.pem
sed '3d' odd-utf8.pem >hole.pem
: >empty.pem
for file in trailing.der cut.der trusted.pem key.pem hole.pem empty.pem; do
	expect 1 certdump "$file"
	err_has "$file: "
	err_one_line
done
cat key.pem odd-utf8.pem odd-bmp.pem | tr '\n' '\r' | sed 's/\r/\r\n/g' >mixed.pem
certdump mixed.pem >out
same "certificates behind a key, with CRLF" 2 "$(grep -c ^serial= out)"
certdump - <odd-utf8.pem >out
ok "refusals"
