#!/bin/bash
# What a cluster knows to be revoked it hands to nobody, and those who have it from there lose it; "good" brings it back.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$top_srcdir/tests/integration/ocsp_lib.sh"
need openssl nginx

mkdir place
for name in a b; do
	printf '[store]\npath = %s\n[bulk]\ncluster = %s\ndirectory = %s\n' "$tmp/$name" "$name" "$tmp/place" >"$name.conf"
	truststore --config "$name.conf" --quiet init
	truststore --config "$name.conf" --quiet identity new ITLRecovery --cn "$name" >/dev/null
done

second_later()
{
	[ "$(date +%s)" -gt "$(date -r "$1" +%s)" ]
}

# pass_on: b learns from its CA's list, exports, and a takes that in
pass_on()
{
	[ ! -e checked ] || wait_for 5 second_later checked # lists are told apart by the second in which they were made and fetched
	crl ca www/ca.crl
	expect 0 ocspcheck --config b.conf run --all
	touch checked
	expect 0 truststore --config b.conf bulk export --type tomcat
	expect 0 truststore --config a.conf bulk consolidate --signer "$signer"
	expect 0 truststore --config a.conf bulk import --type tomcat
}

# at_a ANSWER: what a's phones would be told of the leaf
at_a()
{
	truststore --config a.conf --json explain "$leaf" >explained || true
	same "what a tells its phones" "$1" "$(json '"trusted" if d["trusted"] else d["reason"]' explained)"
}

web www
ocsp_ca ca
cert_new leaf --ca ca --ext "crlDistributionPoints=URI:http://127.0.0.1:$port/ca.crl"
cert_new other --ca ca --ext "crlDistributionPoints=URI:http://127.0.0.1:$port/ca.crl"
leaf=$(sha256_of leaf.pem)
signer=$(truststore --config b.conf identity export ITLRecovery | openssl x509 -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1)
truststore --config b.conf --quiet add tomcat-trust ca.pem leaf.pem other.pem

pass_on
at_a trusted

index_add ca leaf R superseded
pass_on
out_has 'removed'
at_a unknown
manifest=$(printf '%s\n' place/b-tomcat-*.json | tail -n 1)
same 'certificates in the manifest' 2 "$(json 'sum(len(x["sha256"]) for x in d["certificates"])' "$manifest")"
same 'as blocked in the manifest' "$leaf" "$(json '",".join(d["blocks"])' "$manifest")"
same 'certificates in the archive' 2 "$(openssl pkcs12 -in "${manifest%.json}.p12" -nokeys -passin pass: 2>/dev/null | grep -c 'BEGIN CERT')"
same 'others' 'trusted' "$(truststore --config a.conf --json explain "$(sha256_of other.pem)" >explained; json '"trusted" if d["trusted"] else d["reason"]' explained)"
ok "what is revoked is not handed on, and goes where it was handed to"

index_add ca leaf
pass_on
at_a trusted
ok "a newer good brings it back"
