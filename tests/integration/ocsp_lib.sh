# shellcheck shell=bash
# Sourced by the tests of ocsp after lib.sh: certification authorities, responders, servers.

# ocsp_ca NAME [KEY]: a CA with an index for `openssl ocsp` in NAME.txt.
ocsp_ca()
{
	ca_new "$1" --key "${2:-ec}" --subj "/O=Example/CN=$1"
	: >"$1.txt"
}

# index_add CA CERT [STATUS [REASON]]: V (default) or R, as `openssl ca` would write it; the last line of a serial counts.
index_add()
{
	local ca=$1 serial status=${3:-V} when=
	serial=$(serial_of "$2.pem")
	sed -i "/\t$serial\t/d" "$ca.txt"
	[ "$status" = V ] || when=$(date -u +%y%m%d%H%M%SZ)${4:+,$4}
	printf '%s\t491231235959Z\t%s\t%s\tunknown\t/CN=%s\n' "$status" "$when" "$serial" "$2" >>"$ca.txt"
}

# responder CA SIGNER [OPTION...]: runs `openssl ocsp` for CA on a free port; sets $url and $pid.
responder()
{
	local ca=$1 signer=$2 log=responder-$RANDOM.log
	shift 2
	log=$log start openssl ocsp -port 0 -index "$ca.txt" -CA "$ca.pem" -rsigner "$signer.pem" -rkey "$signer.key" \
		"$@"
	wait_for 10 grep -q '^ACCEPT' "$log" || broken "openssl ocsp does not start: $(cat "$log")"
	url=http://127.0.0.1:$(sed -n 's/^ACCEPT.*:\([0-9]*\) .*/\1/p' "$log" | head -n 1)/
}

# said CA CERT SIGNER FILE [OPTION...]: what `openssl ocsp` would answer, without a network.
said()
{
	local ca=$1 cert=$2 signer=$3 file=$4
	shift 4
	openssl ocsp -issuer "$ca.pem" ${certid:+"-$certid"} -cert "$cert.pem" -no_nonce -reqout req.der >>openssl.log 2>&1 &&
		openssl ocsp -index "$ca.txt" -CA "$ca.pem" -rsigner "$signer.pem" -rkey "$signer.key" -reqin req.der \
			-respout "$file" -ndays 2 "$@" >>openssl.log 2>&1 || broken "openssl ocsp writes no $file"
}

# serve SCRIPT [ARGUMENT...]: runs a Python server that prints its port first; sets $port and $pid. Later lines are in SCRIPT.log.
serve()
{
	local log
	log=$(basename "$1").$RANDOM.log
	log=$log start python3 -u "$@"
	wait_for 10 grep -q '^[0-9]' "$log" || broken "$1 does not start: $(cat "$log")"
	port=$(head -n 1 "$log")
	server_log=$log
}

# word: the error word of the last `ocspcheck --json`
word()
{
	json 'd["error"] or ""'
}

# crl CA FILE [OPTION...]: a list of what CA.txt says is revoked; crlext=SECTION-LINES for its extensions.
crl()
{
	local ca=$1 file=$2
	shift 2
	{
		printf '[ca]\ndatabase = %s.txt\ncrlnumber = %s.number\ndefault_md = sha256\n' "$ca" "$ca"
		printf 'default_crl_days = 7\nunique_subject = no\n[ext]\n%s\n' "${crlext:-}"
	} >"$ca.crl.cnf"
	[ -e "$ca.number" ] || echo 01 >"$ca.number"
	openssl ca -batch -gencrl -config "$ca.crl.cnf" -name ca -cert "$ca.pem" -keyfile "$ca.key" \
		${crlext:+-crlexts ext} "$@" 2>>openssl.log | openssl crl -outform DER -out "$file" 2>>openssl.log ||
		broken "openssl ca makes no $file"
}

# web DIR: nginx serving a directory on a free port; sets $port; requests in DIR.access
web()
{
	local dir=$1
	mkdir -p "$dir"
	chmod 755 "$tmp" "$dir"
	port=$(free_port)
	cat >"$dir.conf" <<-NGINX
	daemon off;
	pid $tmp/$dir.pid;
	error_log $tmp/$dir.error warn;
	worker_processes 1;
	events { worker_connections 256; }
	http {
		access_log $tmp/$dir.access;
		client_body_temp_path $tmp/$dir.body;
		proxy_temp_path $tmp/$dir.proxy;
		fastcgi_temp_path $tmp/$dir.fastcgi;
		uwsgi_temp_path $tmp/$dir.uwsgi;
		scgi_temp_path $tmp/$dir.scgi;
		default_type application/octet-stream;
		server {
			listen 127.0.0.1:$port;
			root $tmp/$dir;
		}
	}
	NGINX
	[ "$(id -u)" != 0 ] || sed -i "1iuser $(id -un);" "$dir.conf"
	log=nginx.log start nginx -p "$tmp" -c "$tmp/$dir.conf" -e "$tmp/$dir.error"
	wait_for 10 port_open "$port" || broken "nginx does not start: $(cat "$dir.error" nginx.log)"
}
