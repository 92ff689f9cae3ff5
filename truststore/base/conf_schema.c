#include "truststore/base/conf_priv.h"

/* Durations in seconds */
enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

const struct conf_named conf_named[] = {
	{ "tvsd", false, true },
	{ "bulk peer", true, false },
	{ NULL, false, false },
};

#define TEXT(section, key, fallback, help) \
	{ section, key, CONF_TEXT, fallback, 0, 0, NULL, false, help }
#define FLAG(section, key, fallback, help) \
	{ section, key, CONF_FLAG, fallback, 0, 0, NULL, false, help }
#define NUMBER(section, key, fallback, min, max, help) \
	{ section, key, CONF_NUMBER, fallback, min, max, NULL, false, help }
#define DURATION(section, key, fallback, min, max, help) \
	{ section, key, CONF_DURATION, fallback, min, max, NULL, false, help }
#define CHOICE(section, key, fallback, words, help) \
	{ section, key, CONF_CHOICE, fallback, 0, 0, words, false, help }
#define LIST(section, key, help) \
	{ section, key, CONF_LIST, NULL, 0, 0, NULL, false, help }

const struct conf_key conf_keys[] = {
	TEXT("store", "path", "/var/lib/tvs", "directory of the store"),

	FLAG("security", "common-criteria", "no", "Common Criteria mode"),
	FLAG("security", "fips", "no", "only algorithms that FIPS 140-2 allows"),
	CHOICE("security", "expired", "deny", "deny allow", "answer for expired certificates"),

	{ "tvsd", "listen", CONF_LIST, "0.0.0.0:2445, [::]:2445", 0, 0, NULL, true,
	  "addresses and ports to listen on" },
	TEXT("tvsd", "certificate", "identity", "server certificate: identity, a file or a PKCS#11 URI"),
	TEXT("tvsd", "key", "identity", "its private key: identity, a file or a PKCS#11 URI"),
	{ "tvsd", "min-tls", CONF_CHOICE, "1.2", 0, 0, "1.0 1.1 1.2 1.3", true,
	  "lowest TLS version" },
	{ "tvsd", "ciphers", CONF_TEXT, NULL, 0, 0, NULL, true, "cipher suites in OpenSSL notation" },
	{ "tvsd", "client-certificate", CONF_CHOICE, "none", 0, 0, "none request require", true,
	  "whether phones are asked for their certificate" },
	{ "tvsd", "allow-from", CONF_LIST, NULL, 0, 0, NULL, true, "networks that may connect" },
	NUMBER("tvsd", "workers", NULL, 1, 256, "worker processes"),
	NUMBER("tvsd", "max-connections", "20000", 1, 1000000, "connections at a time"),
	NUMBER("tvsd", "max-connections-per-address", "64", 1, 1000000,
	       "connections of one address at a time"),
	DURATION("tvsd", "handshake-timeout", "10s", 1, HOUR, "time for the TLS handshake"),
	DURATION("tvsd", "idle-timeout", "60s", 1, DAY, "time without a complete request"),
	NUMBER("tvsd", "max-requests", "1000", 0, 1000000000,
	       "requests on one connection, 0 for no limit"),
	TEXT("tvsd", "user", NULL, "user to become after the start"),
	TEXT("tvsd", "group", NULL, "group to become after the start"),
	TEXT("tvsd", "metrics", NULL, "file for the counters, written every 15 s"),

	DURATION("truststore", "anchor-wait", "7d", 0, 3650 * INT64_C(86400),
	         "time between the renewals of two anchors"),
	TEXT("truststore", "keys", NULL, "directory of the private keys"),

	FLAG("ocsp", "enable", "no", "ask OCSP responders"),
	TEXT("ocsp", "url", "from-certificate", "responder: from-certificate or a URL"),
	DURATION("ocsp", "interval", "24h", MINUTE, 365 * DAY, "time between two checks"),
	DURATION("ocsp", "timeout", "10s", 1, 10 * MINUTE, "time for one responder's answer"),
	TEXT("ocsp", "responder-certificate", NULL, "certificate of a trusted responder, a file"),
	DURATION("ocsp", "max-age", "7d", MINUTE, 365 * DAY, "oldest usable answer"),
	DURATION("ocsp", "skew", "5m", 0, DAY, "tolerated difference of the clocks"),
	TEXT("ocsp", "proxy", NULL, "HTTP proxy, a URL"),
	CHOICE("ocsp", "method", "post", "post get", "how small requests are sent"),
	FLAG("ocsp", "nonce", "yes", "requests carry a nonce"),
	NUMBER("ocsp", "parallel", "32", 1, 1000, "questions at a time"),
	CHOICE("ocsp", "on-unknown", "allow", "allow deny", "when the responder does not know it"),
	CHOICE("ocsp", "on-unreachable", "allow", "allow deny", "when no usable answer comes"),
	CHOICE("ocsp", "on-no-source", "allow", "allow deny", "when there is nobody to ask"),

	DURATION("certmon", "start", "30d", 0, 3650 * INT64_C(86400),
	         "first notice this long before the expiry"),
	DURATION("certmon", "frequency", "7d", HOUR, 365 * DAY, "time between two notices"),
	FLAG("certmon", "email", "no", "send mail"),
	{ "certmon", "to", CONF_MAILS, NULL, 0, 0, NULL, false, "addresses of the administrators" },
	TEXT("certmon", "from", NULL, "sender's address"),
	FLAG("certmon", "identities", "yes", "watch own certificates"),
	TEXT("certmon", "smtp", NULL, "mail server: smtp://host:port or smtps://host:port"),
	CHOICE("certmon", "starttls", "try", "try required off", "TLS to an smtp:// server"),
	TEXT("certmon", "user", NULL, "name to log in with at the mail server"),
	TEXT("certmon", "password-file", NULL, "file with the mail server's password"),
	TEXT("certmon", "sendmail", NULL, "command that takes the mail, instead of smtp"),
	FLAG("certmon", "lsc", "no", "watch phones' certificates"),
	TEXT("certmon", "lsc-directory", NULL, "directory of the phones' certificates"),
	LIST("certmon", "files", "certificate files to watch"),
	TEXT("certmon", "files-password-file", NULL, "file with the password of archives among them"),
	LIST("certmon", "servers", "servers whose certificate is watched, HOST:PORT"),
	TEXT("certmon", "command", NULL, "command to run with each notice"),
	TEXT("certmon", "webhook", NULL, "URL that gets each notice as JSON"),
	TEXT("certmon", "ca-file", NULL, "CA certificates for the mail server and the webhook"),
	FLAG("certmon", "syslog", "yes", "write notices to syslog"),

	TEXT("bulk", "directory", NULL, "shared place: a path or sftp://user@host/path"),
	TEXT("bulk", "cluster", NULL, "name of this cluster"),
	TEXT("bulk", "password-file", NULL, "file with the password of the archives"),
	TEXT("bulk", "known-hosts", NULL, "file with the SFTP server's host keys"),
	TEXT("bulk", "host-key", NULL, "SHA-256 of the SFTP server's host key"),
	TEXT("bulk", "key", NULL, "private key for SFTP, a file"),
	TEXT("bulk", "sftp-password-file", NULL, "file with the password for SFTP"),

	LIST("bulk peer", "roles", "the most that the cluster may grant"),
	LIST("bulk peer", "signer", "SHA-256 of certificates that may sign its archives"),

	{ NULL, NULL, CONF_TEXT, NULL, 0, 0, NULL, false, NULL },
};

const struct conf_key *conf_schema(void)
{
	return conf_keys;
}
