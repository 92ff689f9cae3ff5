#!/bin/bash
# What somebody who can write to the shared place may try, and how a cluster that renews its signer stays known.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need openssl python3

mkdir place
for name in a b; do
	printf '[store]\npath = %s\n[bulk]\ncluster = %s\ndirectory = %s\n' "$tmp/$name" "$name" "$tmp/place" >$name.conf
	truststore --config $name.conf --quiet init
	truststore --config $name.conf --quiet identity new ITLRecovery --cn "recovery $name" >/dev/null
done
cert_new evil
own()
{
	truststore --config "$1.conf" identity export "$2" | openssl x509 -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1
}
# number: adds a certificate to b's tomcat-trust and exports
export_new()
{
	cert_new "$1"
	truststore --config b.conf --quiet add tomcat-trust "$1.pem"
	truststore --config b.conf --quiet bulk export --type tomcat
}
# refused TEXT...: neither consolidation nor import takes it, and the store stays as it is
refused()
{
	local before
	before=$(truststore --store a --json stores)
	expect 2 truststore --config a.conf bulk consolidate --type tomcat
	err_has "$1"
	err_one_line
	same 'the store' "$before" "$(truststore --store a --json stores)"
	[ -z "$(echo place/_all*)" ] || fail "something was consolidated"
}
restore()
{
	rm -rf place
	cp -a good place
}

truststore --config b.conf --quiet identity new CallManager --cn 'ucm b' >/dev/null
export_new one
cp -a place first
truststore --config a.conf --quiet bulk consolidate --type tomcat --signer "$(own b ITLRecovery)"
truststore --config a.conf --quiet bulk import --type tomcat
export_new two
rm place/_all* first/_all* 2>/dev/null || true
cp -a place good
manifest=$(echo place/b-tomcat-00000002-*.json)
name=${manifest%.json}

sed -i 's/APP-SERVER/SAST/' "$manifest"
refused 'the signature does not fit the manifest'
restore
openssl pkcs12 -export -nokeys -in evil.pem -out "$name.p12" -passout pass:
refused 'not the archive that the signed manifest names'
restore
head -c 500 "$name.p12" >cut && mv cut "$name.p12"
refused 'not the archive that the signed manifest names'
restore
rm "$name.p12"
refused 'cannot open'
restore
openssl cms -sign -binary -in "$manifest" -signer evil.pem -inkey evil.key -outform DER -out "$name.p7s"
refused "Cluster b signs with CN=evil"
refused "$(sha256_of evil.pem)"
restore
openssl cms -sign -binary -nodetach -in "$manifest" -signer evil.pem -inkey evil.key -outform DER -out "$name.p7s"
refused 'the signature is not detached'
restore
for ending in json p12 p7s; do # nobody waits for what never comes
	rm "$name.$ending"
	mkfifo "$name.$ending"
	refused 'is not a regular file'
	restore
done
head -c 2000000 /dev/zero >"$name.p7s"
refused 'larger than'
restore
truncate -s 100M "$manifest"
refused 'larger than'
restore
for ending in json p12 p7s; do mv "$name.$ending" "$(sed 's/00000002/00000009/' <<<"$name").$ending"; done
refused 'the manifest is not the one that its name promises'
rm -rf place && cp -a good place
for ending in json p12 p7s; do mv "$name.$ending" "$(sed 's,/b-,/c-,' <<<"$name").$ending"; done
rm -f place/b-*
refused 'Cluster c signs with'
restore
ok "changed, cut, foreign, renamed"

# --- replayed
truststore --config a.conf --quiet bulk consolidate --type tomcat
rm -rf place && cp -a first place
refused 'an old export: number 1, but 2 was seen already'
restore

# --- consolidated archives of somebody else: what counts are the signed manifests in them
truststore --config a.conf --quiet bulk consolidate --type tomcat
consolidated=$(echo place/_all*.json)
tamper()
{
	restore
	cp -a "$tmp/all/." place
	python3 - "$consolidated" "$1" <<-'PYTHON'
	import base64, json, os, sys
	path, what = sys.argv[1:]
	d = json.load(open(path))
	part = d["contributors"][0]
	if what == "manifest":
	    text = base64.b64decode(part["manifest"]).replace(b"APP-SERVER", b"SAST")
	    part["manifest"] = base64.b64encode(text).decode()
	elif what == "name":
	    part["name"] = "../../etc/passwd"
	elif what == "nested":
	    d = {"format": "tvs-bulk-consolidated", "x": eval("[" * 90 + "]" * 90)}
	elif what == "many":
	    d["contributors"] = [part] * 1000
	elif what == "entries":
	    d["contributors"] = list(range(1000000))
	json.dump(d, open(path, "w"))
	PYTHON
}
mkdir all && cp -a place/_all* all
for case in 'manifest:the signature does not fit' 'name:is not the name of an export' 'nested:' 'many:' 'entries:more than'; do
	tamper "${case%%:*}"
	expect 2 truststore --config a.conf bulk import --type tomcat
	err_has "${case#*:}"
	err_one_line
done
restore
cp -a all/. place
openssl pkcs12 -export -nokeys -in evil.pem -out "${consolidated%.json}.p12" -passout pass:
expect 2 truststore --config a.conf bulk import --type tomcat
err_has 'not the archive that its name and manifest promise'
restore
cp -a all/. place
expect 0 truststore --config a.conf bulk import --type tomcat
ok "replayed, and consolidated by somebody else"

# --- a signer whose time is over, or that is blocked here
export TVS_CLOCK=+7500d
rm place/_all*
refused 'which has expired'
expect 2 truststore --config b.conf bulk export --type tomcat
err_has 'no valid own certificate to sign'
unset TVS_CLOCK
truststore --config a.conf --quiet block "$(own b ITLRecovery)"
refused 'which is blocked here'
truststore --config a.conf --quiet unblock "$(own b ITLRecovery)"
cp -a all/. place
ok "expired and blocked signers"

# --- a signer that is renewed is announced by the one that is known
truststore --config b.conf --quiet identity new ITLRecovery --cn 'recovery b' --yes >/dev/null
export_new three
expect 0 truststore --config a.conf bulk sync --type tomcat
signer()
{
	openssl cms -cmsout -print -inform DER -in "$(ls place/b-tomcat-*.p7s | tail -n 1)" 2>/dev/null | grep -m 1 -o 'CN=[a-z ]*b\b' || true
}
same 'signer meanwhile' 'CN=ucm b' "$(signer)"
export TVS_CLOCK=+8d
truststore --config b.conf --quiet bulk export --type tomcat
same 'signer then' 'CN=recovery b' "$(signer)"
expect 0 truststore --config a.conf bulk sync --type tomcat
unset TVS_CLOCK
out_has 'merged the exports of 1 cluster as'
expect 0 truststore --config a.conf verify
ok "a renewed signer"
