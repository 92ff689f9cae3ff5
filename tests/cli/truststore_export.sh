#!/bin/bash
# truststore export: what openssl and certtool read, and nothing overwritten.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl certtool python3
T() { truststore --store "$tmp/store" "$@"; }
T init >/dev/null
expect 1 T export
err_one_line

# certificates with odd names: string types, blanks, case, several values in an RDN, empty subject
ca_new root --subj '/C=NZ/O=Example/CN=Root  One '
ca_new middle --ca root --subj '/C=nz/O= EXAMPLE /CN=Middle'
cert_new leaf --ca middle --subj '/CN=leaf.example.test' --ext 'keyUsage=digitalSignature'
cert_new utf8 --subj '/CN=Zürich Größe/O=Société' --ext 'keyUsage=digitalSignature'
# odd NAME MASK SUBJECT
odd()
{
	key_new "$1" ec
	printf '[req]\ndistinguished_name=dn\nstring_mask=%s\nx509_extensions=ext\n[dn]\n[ext]\nkeyUsage=digitalSignature\n' "$2" >odd.cnf
	openssl req -x509 -config odd.cnf -utf8 -multivalue-rdn -subj "$3" -key "$1.key" -days 365 -out "$1.pem" 2>>openssl.log ||
		broken "openssl cannot make $1"
}
odd bmp MASK:0x800 '/O=Größe  UND Mehr/CN=BMP'
odd universal MASK:0x100 '/CN=Universal Name/O=Ünïversal'
odd t61 MASK:0x4 '/CN=T61 Name/O=Tele  Tex'
odd multi utf8only '/O=Zeta+CN=alpha+OU=Mid/C=AU'
odd empty utf8only /
odd twin utf8only '/CN=LEAF.example.TEST' # the same hash as leaf, another subject
names='root middle leaf utf8 bmp universal t61 multi empty twin'
for name in $names; do
	expect 0 T add Phone-CTL-trust "$name.pem" --label "label of $name"
done
cp /etc/ssl/certs/ca-certificates.crt bundle.pem 2>/dev/null && T add tomcat-trust bundle.pem >/dev/null 2>&1 || true
leaf=$(sha256_of leaf.pem)

expect 0 T export "$leaf"
same "PEM" "$(openssl x509 -in leaf.pem)" "$(cat out)"
expect 0 T export "$leaf" --format der --out leaf.der
same "DER" "$leaf" "$(sha256sum <leaf.der | cut -d' ' -f1)"
same "mode" 644 "$(stat -c %a leaf.der)"
(umask 077; T export "$leaf" --out private.pem --quiet)
same "mode by the umask" 600 "$(stat -c %a private.pem)"
out_has 'wrote 1 certificate to leaf.der'
code=0
T export "${leaf:0:8}" --format der >other.der || code=$?
cmp leaf.der other.der || fail "DER on standard output differs"
expect 2 T export "$leaf" "$(sha256_of root.pem)" --format der --out two.der
err_has 'one certificate only'
[ ! -e two.der ] || fail "a refused export leaves a file"
expect 0 T export --in phone-ctl-trust --out all.pem --json
same "all of a store" '["all.pem", 10]' "$(json '[d["out"], d["certificates"]]')"
same "in the file" 10 "$(grep -c BEGIN all.pem)"
certtool --certificate-info --infile all.pem --outfile - >certtool.out 2>&1 || fail "certtool does not read the PEM file"
expect 0 T export "$leaf" "$leaf" --out once.pem
same "each once" 1 "$(grep -c BEGIN once.pem)"
ok "PEM and DER"

expect 2 T export --out all.pem
err_one_line
err_has 'all.pem'
same "the old file" 10 "$(grep -c BEGIN all.pem)"
expect 0 T export "$leaf" --out all.pem --overwrite
same "overwritten" 1 "$(grep -c BEGIN all.pem)"
expect 2 T export --format zip
err_has 'the formats are'
expect 2 T export "$leaf" --in tomcat-trust
err_one_line
expect 2 T export --in No-trust --out x.pem
[ ! -e x.pem ] || fail "a failed export leaves a file"
expect 1 T export --in srst-trust --out x.pem
[ ! -e x.pem ] || fail "an empty export leaves a file"
expect 1 T export 0123456789
err_one_line
expect 2 T export --format dir
err_has '--out'
expect 2 T export --out missing/x.pem
err_has 'missing/x.pem'
same "nothing temporary stays" '' "$(find . -name '.tvs-*')"
ok "nothing is overwritten unasked, nothing half is left"

expect 0 T export --in Phone-CTL-trust --format dir --out d
same "files" 10 "$(find d -type f -name '*.pem' | wc -l)"
[ -e "d/label_of_leaf-${leaf:0:16}.pem" ] || fail "no file named after the label: $(ls d)"
for file in d/*.pem; do
	same "$file" "$(sha256_of "$file" | cut -c1-16)" "$(basename "$file" .pem | sed 's/.*-//')"
done
same "mode" 755 "$(stat -c %a d)"
same "modes of the files" 644 "$(stat -c %a d/* | sort -u)"
(umask 077; T export --format dir --out private-d --quiet)
same "modes by the umask" '700 600' "$(stat -c %a private-d) $(stat -c %a private-d/* | sort -u)"
T add srst-trust leaf.pem --label '../../etc/passwd' >/dev/null 2>&1
expect 0 T export --in srst-trust --format dir --out evil
same "a name from a label stays in its directory" "_etc_passwd-${leaf:0:16}.pem" "$(ls -A evil | sed 's/^[._]*/_/')"
ok "a directory of files"

expect 0 T export --format hashed-dir --out h
same "files" "$(T list --json | grep -c '"sha256"')" "$(find h -type f | wc -l)"
for file in h/*; do
	hash=$(openssl x509 -in "$file" -noout -subject_hash)
	case ${file#h/} in
	"$hash".[0-9]*) ;;
	*) fail "$file is not named by its hash $hash" ;;
	esac
done
hash=$(openssl x509 -in leaf.pem -noout -subject_hash)
if [ ! -e "h/$hash.0" ] || [ ! -e "h/$hash.1" ]; then fail "two certificates of one hash are not numbered"; fi
openssl verify -CApath h -no-CAfile -no-CAstore leaf.pem >out 2>&1 || fail "openssl verify does not accept the directory"
mkdir plain && cp h/* plain && (cd plain && for file in *; do mv "$file" "${file/./-}.pem"; done)
openssl rehash plain 2>>openssl.log || true
for link in plain/*.[0-9]; do
	name=${link#plain/}
	[ -e "h/$name" ] || fail "openssl rehash makes $name, which is missing"
done
ok "an OpenSSL directory: names as openssl x509 -subject_hash, openssl verify -CApath accepts it"

expect 2 T export --format hashed-dir --in srst-trust --out h
err_has 'not empty'
echo precious >h/notes.txt
expect 2 T export --format hashed-dir --in srst-trust --out h --overwrite
err_has 'notes.txt'
[ -e h/notes.txt ] || fail "a stranger's file is gone"
rm h/notes.txt
expect 0 T export --format hashed-dir --in srst-trust --out h/ --overwrite
same "the new files alone" "$hash.0" "$(ls -A h)"
mkdir empty
expect 0 T export --format dir --in srst-trust --out empty
expect 2 T export --format dir --in srst-trust --out leaf.pem --overwrite
err_has 'no directory'
same "nothing temporary stays" '' "$(find . -name '.tvs-*')"
ok "a directory is exchanged as a whole, and only if it holds nothing else"

expect 2 T export --format p12 --out a.p12
err_has '--password-file'
echo 'correct horse' >password
chmod 600 password
if ! grep -q '^#define HAVE_LIBCRYPTO' "$top_builddir/config.h"; then
	expect 2 T export --in Phone-CTL-trust --format p12 --out a.p12 --password-file password
	err_has 'built without libcrypto'
	[ ! -e a.p12 ] || fail "a refused export leaves a file"
	ok "without libcrypto an archive is refused"
	exit 0
fi
expect 0 T export --in Phone-CTL-trust --format p12 --out a.p12 --password-file password
openssl pkcs12 -in a.p12 -nokeys -passin file:password -out p12.pem 2>>openssl.log || fail "openssl pkcs12 refuses the archive"
same "certificates in the archive" 10 "$(grep -c BEGIN p12.pem)"
grep -q 'friendlyName: label of utf8' p12.pem || fail "no names in the archive"
for name in $names; do
	grep -qF "$(openssl x509 -in "$name.pem" | sed -n 3p)" p12.pem || fail "$name is missing in the archive"
done
openssl pkcs12 -in a.p12 -nokeys -passin pass:wrong -out /dev/null 2>/dev/null && fail "any password opens the archive"
certtool --p12-info --inder --infile a.p12 --password 'correct horse' --outfile certtool.out 2>>openssl.log || fail "certtool refuses the archive"
if command -v keytool >/dev/null; then
	# (Java cannot read the odd certificates at all)
	cert_new again --subj '/CN=LEAF.example.test' --ext 'keyUsage=digitalSignature'
	T add IPSec-trust root.pem middle.pem leaf.pem utf8.pem again.pem --quiet
	expect 0 T export --in IPSec-trust --format p12 --out java.p12 --password-file password
	keytool -list -keystore java.p12 -storetype PKCS12 -storepass 'correct horse' >keytool.log 2>&1 || fail "keytool refuses the archive"
	same "trusted certificates for Java" 5 "$(grep -c trustedCertEntry keytool.log)"
fi
if [ -s bundle.pem ]; then
	count=$(T list tomcat-trust --json | grep -c '"sha256"')
	expect 0 T export --in tomcat-trust --format p12 --out b.p12 --password-file password
	openssl pkcs12 -in b.p12 -nokeys -passin file:password -out p12.pem 2>>openssl.log || fail "openssl pkcs12 refuses the large archive"
	same "more than one bag" "$count" "$(grep -c BEGIN p12.pem)"
fi
chmod 644 password
expect 2 T export --in Phone-CTL-trust --format p12 --out c.p12 --password-file password
err_has 'open to every user'
expect 2 T export --in Phone-CTL-trust --out c.pem --password-file password
err_has 'p12 only'
[ ! -e c.p12 ] || fail "a refused export leaves a file"
ok "PKCS#12 that openssl and certtool read"
