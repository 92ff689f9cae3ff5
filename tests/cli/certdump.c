/* For cert_openssl.sh: what we read in certificates, in the words of "openssl x509", so that the two can be
 * compared line by line. Names are shown as their canonical digests, ours from the certificate, OpenSSL's from
 * the text that it wrote.
 *
 *	certdump FILE...      the certificates of files
 *	certdump -k FILE...   kind and size of their keys, and whether they sign themselves
 *	certdump              standard input, OpenSSL's output, with its names as digests
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "truststore/base/cert.h"
#include "truststore/base/clock.h"

static void print_digest(const char *which, const struct digest *digest)
{
	char hex[DIGEST_HEX_SIZE];
	printf("%s=%s\n", which, digest_hex(digest, hex));
}

static void print_time(const char *which, int64_t when)
{
	struct tm tm;
	time_t seconds = when == CLOCK_NEVER - 1 ? 253402300799 : (time_t)when;
	char text[32];
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", gmtime_r(&seconds, &tm));
	printf("%s=%s\n", which, text);
}

static void print_fingerprint(const char *which, const uint8_t *bytes, size_t len)
{
	printf("%s Fingerprint=", which);
	for (size_t i = 0; i < len; i++)
		printf("%s%02X", i ? ":" : "", bytes[i]);
	putchar('\n');
}

static int print_key(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	(void)place;
	(void)arg;
	(void)err;
	printf("%s %u %s\n", cert_key_type(cert), cert_key_bits(cert), cert_self_signed(cert) ? "self" : "other");
	cert_free(cert);
	return ERR_OK;
}

static int print(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	(void)place;
	(void)arg;
	(void)err;
	print_digest("subject", cert_subject_key(cert));
	print_digest("issuer", cert_issuer_key(cert));
	printf("serial=%s\n", cert_serial_hex(cert));
	print_time("notBefore", cert_not_before(cert));
	print_time("notAfter", cert_not_after(cert));
	print_fingerprint("sha256", cert_sha256(cert)->byte, DIGEST_SIZE);
	cert_free(cert);
	return ERR_OK;
}

/* An empty name is written as nothing, which is no name for a phone. */
static int digest_name(const char *text, struct digest *digest)
{
	if (!*text)
		return name_digest_der((const uint8_t *)"\x30\x00", 2, digest);
	return name_digest_text(text, strlen(text), digest);
}

static int filter(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int rc = 0;
	while ((len = getline(&line, &size, stdin)) > 0) {
		struct digest digest;
		char *value = strchr(line, '=');
		line[strcspn(line, "\n")] = '\0';
		if (!value || (strncmp(line, "subject", 7) != 0 && strncmp(line, "issuer", 6) != 0)) {
			puts(line);
			continue;
		}
		*value++ = '\0';
		if (digest_name(value, &digest) == ERR_OK) {
			print_digest(line, &digest);
		} else {
			fprintf(stderr, "no name: %s\n", value);
			rc = 1;
		}
	}
	free(line);
	return rc;
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	if (argc == 1)
		return filter();
	bool keys = strcmp(argv[1], "-k") == 0;
	for (int i = 1 + keys; i < argc; i++)
		if (cert_read_file(argv[i], keys ? print_key : print, NULL, &err) != ERR_OK) {
			fprintf(stderr, "%s\n", err_text(&err));
			return 1;
		}
	return 0;
}
